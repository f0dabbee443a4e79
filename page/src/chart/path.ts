/** SVG path data of lines and bands. */

export interface Point {
  x: number;
  y: number;
}

/** Return the path through the points in their order. */
export function linePath(points: readonly Point[]): string {
  return points.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${short(x)} ${short(y)}`).join('');
}

/** Return the closed path between an upper and a lower line. */
export function bandPath(upper: readonly Point[], lower: readonly Point[]): string {
  if (upper.length === 0) return '';
  return `${linePath([...upper, ...[...lower].reverse()])}Z`;
}

/** Split a line into runs of equal `kind`; neighbouring runs share half of the way between their points. */
export function runs<Kind>(points: readonly (Point & { kind: Kind })[]): { kind: Kind; points: Point[] }[] {
  const found: { kind: Kind; points: Point[] }[] = [];
  for (const [index, point] of points.entries()) {
    const before = points[index - 1];
    const current = found.at(-1);
    if (before && current && before.kind === point.kind) {
      current.points.push(point);
      continue;
    }
    const middle = before && { x: (before.x + point.x) / 2, y: (before.y + point.y) / 2 };
    if (middle) current?.points.push(middle);
    found.push({ kind: point.kind, points: middle ? [middle, point] : [point] });
  }
  return found;
}

function short(value: number): string {
  return String(Math.round(value * 10) / 10);
}
