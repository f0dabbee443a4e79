/** Which rows of a long table are in the page, and the heights that stand for the others. */
export interface RowWindow {
  first: number;
  /** Behind the last. */
  end: number;
  before: number;
  after: number;
}

/** Return the rows that a scrolled viewport shows, with some more on either side. */
export function visibleRows(
  scrollTop: number,
  viewportHeight: number,
  rowHeight: number,
  count: number,
  overscan = 8,
): RowWindow {
  const fitting = Math.ceil(viewportHeight / rowHeight);
  const top = Math.min(Math.max(Math.floor(scrollTop / rowHeight), 0), Math.max(count - fitting, 0));
  const first = Math.max(top - overscan, 0);
  const end = Math.min(top + fitting + overscan, count);
  return { first, end, before: first * rowHeight, after: (count - end) * rowHeight };
}
