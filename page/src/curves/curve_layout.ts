/** Where the parts of a what-if curve lie: its points, axes and the strip of similar sales. */
import type { Value } from '../api/page_config';
import { labelSpace, type Plot, type Tick } from '../chart/frame';
import { linearScale, niceAxis, type Scale } from '../chart/scale';

export interface CurvePoint {
  /** Position on the horizontal axis: the value of a number, the place in the list of a choice. */
  x: number;
  value: Value;
  label: string;
  price: number;
  low: number;
  high: number;
  /** Number of similar sales; null where the model has no sales. */
  near: number | null;
}

/** Fewer similar sales than this do not support a price; the API's `sparse_neighbourhood` has the same limit. */
export const SPARSE_SALES = 5;

export interface CurveLayout {
  plot: Plot;
  height: number;
  x: Scale;
  y: Scale;
  yTicks: Tick[];
}

const TOP = 10;
const BOTTOM = 230;
const RIGHT_MARGIN = 14;
export const STRIP_TOP = BOTTOM + 56;
export const STRIP_HEIGHT = 36;

/** Return the layout of a curve in `width` pixels; choices have a band each, numbers lie on an axis. */
export function curveLayout(
  points: readonly CurvePoint[],
  continuous: boolean,
  width: number,
  money: (amount: number) => string,
): CurveLayout {
  const prices = niceAxis([...points.flatMap(({ low, high }) => [low, high])], 4);
  const y = linearScale(prices.domain, [BOTTOM, TOP]);
  const yTicks = prices.ticks.map((value) => ({ position: y(value), label: money(value) }));
  const plot = { left: labelSpace(yTicks), right: width - RIGHT_MARGIN, top: TOP, bottom: BOTTOM };
  const positions = points.map(({ x }) => x);
  const [low, high] = [Math.min(...positions), Math.max(...positions)];
  const pad = continuous ? (high - low) * 0.015 : 0.5;
  const x = linearScale([low - pad, high + pad], [plot.left, plot.right]);
  const height = points.some(({ near }) => near !== null) ? STRIP_TOP + STRIP_HEIGHT + 4 : BOTTOM + 30;
  return { plot, height, x, y, yTicks };
}

export function isSparse({ near }: CurvePoint): boolean {
  return near !== null && near < SPARSE_SALES;
}
