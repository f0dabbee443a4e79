import type { Point } from './projection';

export interface LabelCandidate extends Point {
  text: string;
  width: number;
}

const HEIGHT = 14;
const GAP = 6;

/** Return those labels that fit into the size without overlap; earlier ones take precedence. */
export function placeLabels<T extends LabelCandidate>(
  candidates: readonly T[],
  size: { width: number; height: number },
): T[] {
  const placed: T[] = [];
  for (const label of candidates) {
    const inside =
      label.x - label.width / 2 >= 0 &&
      label.x + label.width / 2 <= size.width &&
      label.y - HEIGHT / 2 >= 0 &&
      label.y + HEIGHT / 2 <= size.height;
    if (inside && !placed.some((other) => overlap(label, other))) {
      placed.push(label);
    }
  }
  return placed;
}

function overlap(a: LabelCandidate, b: LabelCandidate): boolean {
  return Math.abs(a.x - b.x) < (a.width + b.width) / 2 + GAP && Math.abs(a.y - b.y) < HEIGHT + GAP;
}
