/** The drawing of a what-if curve: price with its band, the house's own point, and the sales that support it. */

import { useSignal } from '@preact/signals';
import { Frame, sparse } from '../chart/frame';
import { bandPath, linePath, type Point, runs } from '../chart/path';
import { ticks } from '../chart/scale';
import { type CurveLayout, type CurvePoint, isSparse } from './curve_layout';
import { Density } from './density';
import { nearestIndex } from './grid';

interface Props {
  width: number;
  layout: CurveLayout;
  points: readonly CurvePoint[];
  own: { x: number; price: number } | null;
  continuous: boolean;
  /** Choices without an order are dots, which no line connects. */
  connected: boolean;
  tickLabel: (x: number) => string;
  densityLabel: string;
  onInspect: (point: CurvePoint | null) => void;
  onPick: (point: CurvePoint) => void;
}

export function CurvePlot(props: Props) {
  const { width, layout, points, own, continuous, connected, tickLabel, densityLabel, onInspect, onPick } = props;
  const { plot, x, y } = layout;
  const cursor = useSignal<number | null>(null);
  const positions = points.map(({ x }) => x);
  const inspect = (position: number | null): void => {
    const index = position === null ? -1 : nearestIndex(positions, x.invert(position));
    cursor.value = points[index]?.x ?? null;
    onInspect(points[index] ?? null);
  };
  const xTicks = continuous
    ? ticks(x.domain, Math.max(3, Math.floor((plot.right - plot.left) / 80))).map((value) => ({
        position: x(value),
        label: tickLabel(value),
      }))
    : points.map((point) => ({ position: x(point.x), label: point.label }));
  const longest = Math.max(...xTicks.map(({ label }) => label.length));
  return (
    <Frame
      width={width}
      height={layout.height}
      plot={plot}
      x={sparse(xTicks, longest * 7 + 8)}
      y={layout.yTicks}
      onMove={inspect}
      onLeave={() => inspect(null)}
      onPick={(position) => {
        const point = points[nearestIndex(positions, x.invert(position))];
        if (point) onPick(point);
      }}
    >
      {connected ? <Line points={points} x={x} y={y} /> : <Dots points={points} x={x} y={y} />}
      {cursor.value !== null && (
        <line class="chart-cursor" x1={x(cursor.value)} x2={x(cursor.value)} y1={plot.top} y2={layout.height} />
      )}
      {own && <circle class="chart-own" cx={x(own.x)} cy={y(own.price)} r="7" />}
      <Density points={points} x={x} left={plot.left} right={plot.right} area={continuous} label={densityLabel} />
    </Frame>
  );
}

interface Marks {
  points: readonly CurvePoint[];
  x: (value: number) => number;
  y: (value: number) => number;
}

function Line({ points, x, y }: Marks) {
  const at = (value: (point: CurvePoint) => number): (Point & { kind: boolean })[] =>
    points.map((point) => ({ x: x(point.x), y: y(value(point)), kind: isSparse(point) }));
  const upper = runs(at(({ high }) => high));
  const lower = runs(at(({ low }) => low));
  return (
    <>
      {upper.map(({ kind, points: high }, index) => (
        <path
          key={`band ${index}`}
          class={kind ? 'chart-band chart-band-faint' : 'chart-band'}
          d={bandPath(high, lower[index]?.points ?? [])}
        />
      ))}
      {runs(at(({ price }) => price)).map(({ kind, points: line }, index) => (
        <path key={`line ${index}`} class={kind ? 'chart-line chart-line-faint' : 'chart-line'} d={linePath(line)} />
      ))}
    </>
  );
}

function Dots({ points, x, y }: Marks) {
  return (
    <>
      {points.map((point) => (
        <g key={point.x} class={isSparse(point) ? 'chart-faint' : undefined}>
          <line class="chart-whisker" x1={x(point.x)} x2={x(point.x)} y1={y(point.low)} y2={y(point.high)} />
          <circle class="chart-dot" cx={x(point.x)} cy={y(point.price)} r="4" />
        </g>
      ))}
    </>
  );
}
