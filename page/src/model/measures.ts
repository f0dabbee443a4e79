import { formatNumber } from '../format/numbers';
import type { Measures, ModelFacts } from './facts';

export type MeasureName =
  | 'median_ape'
  | 'within_10'
  | 'within_20'
  | 'coverage'
  | 'bias_log'
  | 'log_rmse'
  | 'cod'
  | 'prd'
  | 'prb';

const ONE_DIGIT = { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 } as const;
const share = (value: number) => formatNumber(value, ONE_DIGIT);
const signed = (digits: number) => (value: number) =>
  formatNumber(value, { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: 'exceptZero' });

/** The measures that are shown, in their order, and how their values are written. */
export const MEASURES: readonly [MeasureName, (value: number) => string][] = [
  ['median_ape', share],
  ['within_10', share],
  ['within_20', share],
  ['coverage', share],
  ['bias_log', signed(3)],
  ['log_rmse', (value) => formatNumber(value, { minimumFractionDigits: 3, maximumFractionDigits: 3 })],
  ['cod', (value) => formatNumber(value, { minimumFractionDigits: 1, maximumFractionDigits: 1 })],
  ['prd', (value) => formatNumber(value, { minimumFractionDigits: 3, maximumFractionDigits: 3 })],
  ['prb', signed(3)],
];

export type SplitName = 'holdout' | 'rolling_origin' | 'grouped_folds';

/** Return the sets of sales on which the model was judged. */
export function splits(facts: ModelFacts): [SplitName, Measures][] {
  const { holdout, rolling_origin, grouped_folds } = facts.metrics;
  const found = [
    ['holdout', withCoverageInterval(facts, holdout)],
    ['rolling_origin', rolling_origin],
    ['grouped_folds', grouped_folds],
  ] as const;
  return found.flatMap(([name, measures]) => (measures ? [[name, measures] as [SplitName, Measures]] : []));
}

/** The interval of the coverage stands elsewhere in the file. */
function withCoverageInterval(facts: ModelFacts, holdout: Measures | undefined): Measures | undefined {
  const interval = facts.metrics.relative?.coverage?.ci95;
  return holdout && interval ? { ...holdout, ci95: { ...holdout.ci95, coverage: interval } } : holdout;
}
