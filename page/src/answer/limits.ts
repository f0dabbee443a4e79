/** What limits an estimate, in the reader's language: by the stable codes, never by the server's sentences. */
import type { LimitingFactor } from '../api/answers';
import { formatDate } from '../format/dates';
import type { Answer } from '../state/estimate';
import { t } from '../words';
import { columnLabel } from '../words/labels';

export function limitTexts(answer: Answer): string[] {
  return answer.valuation.limiting_factors.map((factor) => limitText(factor, answer));
}

function limitText(factor: LimitingFactor, answer: Answer): string {
  const words = t().answer.factors;
  const labels = (isMissing: boolean) =>
    answer.warnings
      .filter((one) => (one.kind === 'missing') === isMissing)
      .map((one) => columnLabel(one.column))
      .join(', ');
  switch (factor.code) {
    case 'sparse_neighbourhood':
      return words.sparse_neighbourhood;
    case 'outside_learned_range':
      return words.outside_learned_range(labels(false));
    case 'missing_inputs':
      return words.missing_inputs(labels(true));
    case 'old_valuation_date':
      return words.old_valuation_date(formatDate(answer.valuation_date ?? ''));
    default:
      // A newer server may know more of them.
      return (factor as LimitingFactor).message;
  }
}
