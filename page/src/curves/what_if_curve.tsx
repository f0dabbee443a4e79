/** The price over the values of one column, with the sales that support it; a slider sets the house's value. */
import { signal, useComputed, useSignal, useSignalEffect } from '@preact/signals';
import type { PageColumn, Value } from '../api/page_config';
import { useWidth } from '../chart/width';
import { Pending } from '../explanation/pending';
import { formatMoney, formatNumber } from '../format/numbers';
import { config } from '../state/config';
import { whatIf, whatIfRequest } from '../state/estimate';
import { house, setField } from '../state/house';
import { useVisible } from '../state/use_visible';
import { t } from '../words';
import { columnLabel, valueText } from '../words/labels';
import { curveColumns, firstColumn, isContinuous } from './columns';
import { type CurvePoint, curveLayout, isSparse, SPARSE_SALES } from './curve_layout';
import { CurvePlot } from './curve_plot';
import { curvePoints, rangeOf, valuesToAsk } from './curve_request';
import { CurveTable } from './curve_table';
import { interpolated, type Range } from './grid';
import { ValueSlider } from './value_slider';

/** The column that a person chose; null for the first. */
const chosen = signal<string | null>(null);
/** Range of the usual values of the columns that were asked for; it is the model's, whatever the house. */
const usual = signal<ReadonlyMap<string, Range>>(new Map());

export function WhatIfCurve() {
  const ref = useVisible('whatIf');
  const columns = useComputed(() => curveColumns(config.value?.columns ?? []));
  const shown = useComputed(
    () => columns.value.find(({ name }) => name === chosen.value) ?? firstColumn(columns.value),
  );

  useSignalEffect(() => {
    const asked = shown.value;
    if (!asked) return;
    const range = usual.value.get(asked.name);
    whatIfRequest.value = { column: asked.name, points: (values) => valuesToAsk(asked, range, values[asked.name]) };
  });

  useSignalEffect(() => {
    const answer = whatIf.value.data;
    const asked = shown.value;
    if (!answer || !asked || !isContinuous(asked) || usual.peek().has(asked.name)) return;
    const points = curvePoints(asked, answer);
    if (points) usual.value = new Map(usual.peek()).set(asked.name, rangeOf(points));
  });

  const column = shown.value;
  if (!column) return null;
  const { status, data } = whatIf.value;
  const points = data && curvePoints(column, data);
  const words = t().curves;
  return (
    <section ref={ref} class="card curve" aria-labelledby="curve-title" aria-busy={status !== 'ready'}>
      <div class="curve-head">
        <h2 id="curve-title">{words.whatIf}</h2>
        <label>
          <span class="visually-hidden">{words.choose}</span>
          <select
            value={column.name}
            onChange={({ currentTarget }) => {
              chosen.value = currentTarget.value;
            }}
          >
            {columns.value.map((one) => (
              <option key={one.name} value={one.name}>
                {columnLabel(one)}
              </option>
            ))}
          </select>
        </label>
      </div>
      {points ? (
        <Curve column={column} points={points} distance={data.near_distance} stale={status !== 'ready'} />
      ) : (
        <Pending status={status} text={words.waiting} />
      )}
    </section>
  );
}

interface CurveProps {
  column: PageColumn;
  points: readonly CurvePoint[];
  distance: number;
  stale: boolean;
}

function Curve({ column, points, distance, stale }: CurveProps) {
  const { element, width } = useWidth();
  const inspected = useSignal<CurvePoint | null>(null);
  const words = t().curves;
  const own = ownPoint(column, points, house.value[column.name]);
  const set = (value: Value): void => setField(column.name, value, { typing: true });
  const told = inspected.value ?? own;
  const layout = curveLayout(points, isContinuous(column), width.value, (amount) =>
    formatMoney(amount, { compact: true }),
  );
  return (
    <div class={stale ? 'stale' : undefined}>
      <div ref={element} class="curve-plot">
        {width.value > 0 && (
          <CurvePlot
            width={width.value}
            layout={layout}
            points={points}
            own={own}
            continuous={isContinuous(column)}
            connected={column.kind !== 'category' && column.kind !== 'flag'}
            tickLabel={(x) => valueText({ ...column, unit: null }, x)}
            densityLabel={words.near(formatNumber(distance, { style: 'percent' }))}
            onInspect={(point) => {
              inspected.value = point;
            }}
            onPick={({ value }) => set(value)}
          />
        )}
        <ValueSlider
          column={column}
          points={points}
          valueText={own ? pointText(own) : words.notGiven}
          ends={[layout.x(points[0]?.x ?? 0), layout.x(points.at(-1)?.x ?? 0)]}
          onSet={set}
        />
      </div>
      <p class="curve-told">
        {told ? pointText(told) : words.notGiven}
        {told && isSparse(told) && <strong class="curve-sparse"> {words.sparse}</strong>}
      </p>
      <p class="muted small">{points.some(isSparse) ? words.noteSparse(SPARSE_SALES) : words.note}</p>
      <CurveTable caption={columnLabel(column)} points={points} />
    </div>
  );
}

function pointText({ label, price, low, high, near }: CurvePoint): string {
  return t().curves.point(label, formatMoney(price), formatMoney(low), formatMoney(high), near);
}

/** Return the house's own point: one of the curve, or between two while a new answer is on its way. */
function ownPoint(column: PageColumn, points: readonly CurvePoint[], value: Value | undefined): CurvePoint | null {
  const exact = points.find((point) => point.value === value);
  if (exact || typeof value !== 'number' || !isContinuous(column)) return exact ?? null;
  const read = (of: (point: CurvePoint) => number): number | null =>
    interpolated(
      points.map((point) => ({ x: point.x, y: of(point) })),
      value,
    );
  const [price, low, high] = [read((point) => point.price), read((point) => point.low), read((point) => point.high)];
  if (price === null || low === null || high === null) return null;
  return { x: value, value, label: valueText(column, value), price, low, high, near: null };
}
