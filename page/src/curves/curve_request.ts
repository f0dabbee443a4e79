/** The question of a what-if curve, and its answer as points of a chart. */
import type { WhatIf } from '../api/answers';
import type { PageColumn, Value } from '../api/page_config';
import { valueText } from '../words/labels';
import { isContinuous } from './columns';
import type { CurvePoint } from './curve_layout';
import { MAX_POINTS, numberGrid, type Range } from './grid';

/** Return the values to ask for; null, the usual ones of the sales, as long as their range is not known. */
export function valuesToAsk(column: PageColumn, usual: Range | undefined, own: Value | undefined): Value[] | null {
  if (column.kind === 'flag') return [false, true];
  if (!isContinuous(column)) return (column.choices ?? []).map(({ value }) => value);
  if (!usual || !column.learned) return null;
  const whole = column.kind !== 'number';
  const grid = numberGrid(usual, column.learned, whole).slice(0, MAX_POINTS);
  return typeof own === 'number' && isLearned(column, own) ? withOwn(grid, own) : grid;
}

/** Return the points of an answer to a question about this column; null where it is about another. */
export function curvePoints(column: PageColumn, answer: WhatIf): CurvePoint[] | null {
  if (!answer.points.every(({ values }) => column.name in values)) return null;
  const continuous = isContinuous(column);
  const points = answer.points.map(
    ({ values, predicted_price, prediction_interval: [low, high], sales_near }, index) => {
      const value = values[column.name] as Value;
      return {
        x: continuous ? Number(value) : index,
        value,
        label: valueText(column, value),
        price: predicted_price,
        low,
        high,
        near: sales_near ?? null,
      };
    },
  );
  return points.length ? points : null;
}

export function rangeOf(points: readonly CurvePoint[]): Range {
  const positions = points.map(({ x }) => x);
  return { minimum: Math.min(...positions), maximum: Math.max(...positions) };
}

/** Add the house's own value, so that its point lies on the curve; a full grid gives up its nearest value for it. */
function withOwn(grid: readonly number[], own: number): number[] {
  if (grid.includes(own)) return [...grid];
  const nearest = grid.reduce((best, value) => (Math.abs(value - own) < Math.abs(best - own) ? value : best));
  const kept = grid.length < MAX_POINTS ? grid : grid.filter((value) => value !== nearest);
  return [...kept, own].sort((a, b) => a - b);
}

function isLearned({ learned }: PageColumn, value: number): boolean {
  return learned !== null && value >= learned.minimum && value <= learned.maximum;
}
