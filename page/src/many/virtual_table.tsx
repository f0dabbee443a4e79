import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { visibleRows } from './window';

export interface TableColumn<T> {
  key: string;
  title: string;
  /** In characters; columns do not change their width while rows come and go. */
  width: number;
  /** Numbers stand at the right. */
  numeric?: boolean;
  cell(row: T): ComponentChildren;
}

interface Props<T> {
  label: string;
  rows: readonly T[];
  rowHeight: number;
  columns: TableColumn<T>[];
}

/** A table of which only the rows on the screen are in the page, so that ten thousand of them scroll at once. */
export function VirtualTable<T>({ label, rows, rowHeight, columns }: Props<T>) {
  const scroller = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ top: 0, height: 600 });
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const look = () => setSeen({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, []);
  const { first, end, before, after } = visibleRows(seen.top, seen.height, rowHeight, rows.length);
  const total = columns.reduce((sum, column) => sum + column.width, 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <section ref={scroller} class="many-scroll" tabIndex={0} aria-label={label}>
      <table aria-rowcount={rows.length + 1} style={{ minWidth: `${total}ch` }}>
        <colgroup>
          {columns.map((column) => (
            <col key={column.key} style={{ width: `${(100 * column.width) / total}%` }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <th key={column.key} scope="col" class={column.numeric ? 'numeric' : undefined}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Space height={before} />
          {rows.slice(first, end).map((row, index) => (
            // A row keeps its elements while it is there, and leaves them to the next one.
            <tr
              key={(first + index) % (end - first)}
              aria-rowindex={first + index + 2}
              style={{ height: `${rowHeight}px` }}
            >
              {columns.map((column) => (
                <td key={column.key} class={column.numeric ? 'numeric' : undefined}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
          <Space height={after} />
        </tbody>
      </table>
    </section>
  );
}

function Space({ height }: { height: number }) {
  // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row takes no focus
  return height > 0 ? <tr aria-hidden="true" style={{ height: `${height}px` }} /> : null;
}
