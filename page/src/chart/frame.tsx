/** Axes, grid lines and labels around a plot. */

import type { ComponentChildren } from 'preact';
import './frame.css';

export interface Tick {
  position: number;
  label: string;
}

export interface Plot {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

interface Props {
  width: number;
  height: number;
  plot: Plot;
  x: readonly Tick[];
  y: readonly Tick[];
  children: ComponentChildren;
  onMove?: (x: number) => void;
  onLeave?: () => void;
  onPick?: (x: number) => void;
}

/** Draw the axes and what is in the plot; pointer positions are passed on in pixels from the left.
 *
 * The drawing is hidden from screen readers: whoever uses it adds a control or a table that says the same.
 */
export function Frame({ width, height, plot, x, y, children, onMove, onLeave, onPick }: Props) {
  const place = (event: PointerEvent | MouseEvent): number =>
    event.clientX - (event.currentTarget as Element).getBoundingClientRect().left;
  return (
    <svg
      class={onPick ? 'chart chart-picks' : 'chart'}
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      aria-hidden="true"
      focusable="false"
      onPointerMove={(event) => onMove?.(place(event))}
      onPointerLeave={onLeave}
      onClick={(event) => onPick?.(place(event))}
    >
      {y.map(({ position, label }) => (
        <g key={label}>
          <line class="chart-grid" x1={plot.left} x2={plot.right} y1={position} y2={position} />
          <text x={plot.left - 8} y={position} text-anchor="end" dominant-baseline="middle">
            {label}
          </text>
        </g>
      ))}
      {x.map(({ position, label }) => (
        <text key={label} x={position} y={plot.bottom + 20} text-anchor="middle">
          {label}
        </text>
      ))}
      {children}
    </svg>
  );
}

/** Return the width in pixels that the labels of a vertical axis take, about. */
export function labelSpace(labels: readonly Tick[]): number {
  return Math.ceil(Math.max(0, ...labels.map(({ label }) => label.length)) * 6.8) + 12;
}

/** Return the ticks whose labels do not overlap, about `space` pixels each. */
export function sparse(labels: readonly Tick[], space: number): Tick[] {
  const kept: Tick[] = [];
  for (const tick of labels) {
    const before = kept.at(-1);
    if (!before || Math.abs(tick.position - before.position) >= space) kept.push(tick);
  }
  return kept;
}
