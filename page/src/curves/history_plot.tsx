/** The drawing of a value over the months, with its interval. */

import { useSignal } from '@preact/signals';
import { Frame, labelSpace, sparse } from '../chart/frame';
import { bandPath, linePath, type Point } from '../chart/path';
import { linearScale, niceAxis } from '../chart/scale';

export interface Month {
  label: string;
  price: number;
  low: number;
  high: number;
  index: number;
}

interface Props {
  width: number;
  months: readonly Month[];
  money: (amount: number) => string;
  onInspect: (month: Month | null) => void;
}

const TOP = 10;
const HEIGHT = 220;
const TREND_DIFFERS = 0.02;

export function HistoryPlot({ width, months, money, onInspect }: Props) {
  const cursor = useSignal<number | null>(null);
  const trend = marketTrend(months);
  const prices = niceAxis([...months.flatMap(({ low, high }) => [low, high]), ...(trend ?? [])], 4);
  const y = linearScale(prices.domain, [HEIGHT, TOP]);
  const yTicks = prices.ticks.map((value) => ({ position: y(value), label: money(value) }));
  const plot = { left: labelSpace(yTicks), right: width - 28, top: TOP, bottom: HEIGHT };
  const x = linearScale([0, months.length - 1], [plot.left, plot.right]);
  const line = (values: readonly number[]): Point[] => values.map((value, index) => ({ x: x(index), y: y(value) }));
  const inspect = (position: number | null): void => {
    const index = position === null ? null : Math.min(months.length - 1, Math.max(0, Math.round(x.invert(position))));
    cursor.value = index;
    onInspect(index === null ? null : (months[index] ?? null));
  };
  const at = cursor.value;
  const marked = at === null ? undefined : months[at];
  return (
    <Frame
      width={width}
      height={HEIGHT + 30}
      plot={plot}
      x={sparse(
        months.map(({ label }, index) => ({ position: x(index), label })),
        76,
      )}
      y={yTicks}
      onMove={inspect}
      onLeave={() => inspect(null)}
    >
      <path class="chart-band" d={bandPath(line(months.map(({ high }) => high)), line(months.map(({ low }) => low)))} />
      {trend && <path class="chart-trend" d={linePath(line(trend))} />}
      <path class="chart-line" d={linePath(line(months.map(({ price }) => price)))} />
      {at !== null && marked && (
        <>
          <line class="chart-cursor" x1={x(at)} x2={x(at)} y1={plot.top} y2={plot.bottom} />
          <circle class="chart-own" cx={x(at)} cy={y(marked.price)} r="5" />
        </>
      )}
    </Frame>
  );
}

/** Return the first value carried on by the market index, or null where it stays about the same:
 * two lines upon each other say less than one. */
export function marketTrend(months: readonly Month[]): number[] | null {
  const first = months[0];
  if (!first) return null;
  const trend = months.map(({ index }) => (first.price * index) / first.index);
  const differs = months.some(({ price }, index) => Math.abs((trend[index] ?? price) / price - 1) > TREND_DIFFERS);
  return differs ? trend : null;
}
