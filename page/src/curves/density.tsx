/** How many similar sales support each point of a curve, under its axis. */
import { bandPath, runs } from '../chart/path';
import { type CurvePoint, isSparse, STRIP_HEIGHT, STRIP_TOP } from './curve_layout';

interface DensityProps {
  points: readonly CurvePoint[];
  x: (value: number) => number;
  left: number;
  right: number;
  /** An area over an axis, a bar for each choice. */
  area: boolean;
  label: string;
}

export function Density({ points, x, left, right, area, label }: DensityProps) {
  const counts = points.map(({ near }) => near ?? 0);
  if (points.every(({ near }) => near === null)) return null;
  const most = Math.max(1, ...counts);
  const bar = Math.min(18, ((right - left) / points.length) * 0.6);
  const foot = STRIP_TOP + STRIP_HEIGHT;
  const marks = points.map((point) => ({
    x: x(point.x),
    y: foot - Math.max(1, ((point.near ?? 0) / most) * STRIP_HEIGHT),
    kind: isSparse(point) ? 'chart-bar chart-bar-sparse' : 'chart-bar',
  }));
  return (
    <>
      <text x="0" y={STRIP_TOP - 12}>
        {label}
      </text>
      <line class="chart-grid" x1={left} x2={right} y1={foot} y2={foot} />
      {area
        ? runs(marks).map(({ kind, points: top }) => (
            <path
              key={top[0]?.x}
              class={kind}
              d={bandPath(
                top,
                top.map((point) => ({ ...point, y: foot })),
              )}
            />
          ))
        : marks.map(({ x: middle, y, kind }) => (
            <rect key={middle} class={kind} x={middle - bar / 2} y={y} width={bar} height={foot - y} />
          ))}
      <text x={left - 8} y={STRIP_TOP + 6} text-anchor="end">
        {most}
      </text>
      <text x={left - 8} y={foot} text-anchor="end">
        0
      </text>
    </>
  );
}
