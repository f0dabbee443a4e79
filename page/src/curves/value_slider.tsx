/** A slider under a curve that sets the house's value, by pointer, touch or arrow keys. */
import type { PageColumn, Value } from '../api/page_config';
import { niceStep } from '../chart/scale';
import { house } from '../state/house';
import { columnLabel } from '../words/labels';
import { isContinuous } from './columns';
import type { CurvePoint } from './curve_layout';

interface Props {
  column: PageColumn;
  points: readonly CurvePoint[];
  /** The house's own point in words. */
  valueText: string;
  /** Pixels from the left at which the first and the last value lie. */
  ends: readonly [number, number];
  onSet: (value: Value) => void;
}

/** Steps from one end to the other, about. */
const STEPS = 100;
const THUMB = 16;

export function ValueSlider({ column, points, valueText, ends, onSet }: Props) {
  const first = points[0];
  const last = points.at(-1);
  if (!first || !last || first === last) return null;
  const continuous = isContinuous(column);
  const value = house.value[column.name];
  const position = continuous ? Number(value ?? first.x) : points.findIndex((point) => point.value === value);
  const whole = !continuous || column.kind !== 'number';
  const step = continuous ? niceStep(last.x - first.x, STEPS) : 1;
  return (
    <input
      type="range"
      class="curve-slider"
      // Half a thumb more on both sides, so that the middle of the thumb lies under the point.
      style={{ marginLeft: `${ends[0] - THUMB / 2}px`, width: `${ends[1] - ends[0] + THUMB}px` }}
      aria-label={columnLabel(column)}
      aria-valuetext={valueText}
      min={first.x}
      max={last.x}
      step={whole ? Math.max(1, Math.round(step)) : step}
      value={Math.max(first.x, position)}
      onInput={({ currentTarget }) => {
        const next = currentTarget.valueAsNumber;
        onSet(continuous ? Number(next.toPrecision(12)) : (points[next]?.value ?? null));
      }}
    />
  );
}
