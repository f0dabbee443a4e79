/** The values at which a what-if curve is computed. */

import { niceStep } from '../chart/scale';

/** What `/what-if` takes for one column at most. */
export const MAX_POINTS = 20;

/** How far beyond the usual values (5 to 95 % of the sales) a curve reaches, as a share of their extent. */
const MARGIN = 0.35;

export interface Range {
  minimum: number;
  maximum: number;
}

/** Return evenly spaced round values around the usual ones, within what training saw and a request may hold.
 *
 * The curve reaches beyond the usual values on purpose: there it shows that few sales support it.
 */
export function numberGrid(usual: Range, limits: Range, whole: boolean): number[] {
  const margin = (usual.maximum - usual.minimum) * MARGIN;
  const low = Math.max(limits.minimum, usual.minimum - margin);
  const high = Math.min(limits.maximum, usual.maximum + margin);
  if (!(high > low)) return [low];
  let step = niceStep(high - low, MAX_POINTS - 1);
  if (whole) step = Math.max(1, Math.ceil(step));
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.min(first + MAX_POINTS - 1, Math.floor(high / step + 1e-9));
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
}

/** Return the price between the points of a curve by straight lines; null outside of it. */
export function interpolated(points: readonly { x: number; y: number }[], x: number): number | null {
  const after = points.findIndex((point) => point.x >= x);
  const right = points[after];
  if (!right) return null;
  if (right.x === x) return right.y;
  const left = points[after - 1];
  return left ? left.y + ((x - left.x) / (right.x - left.x)) * (right.y - left.y) : null;
}

/** Return the position of the value that is nearest, -1 without any. */
export function nearestIndex(values: readonly number[], value: number): number {
  let best = -1;
  for (const [index, candidate] of values.entries()) {
    const incumbent = values[best];
    if (incumbent === undefined || Math.abs(candidate - value) < Math.abs(incumbent - value)) best = index;
  }
  return best;
}
