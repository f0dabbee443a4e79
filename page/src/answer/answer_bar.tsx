import { formatMoney } from '../format/numbers';
import { estimate } from '../state/estimate';
import { t } from '../words';

/** On phones, where the form hides the answer: price and range at the lower edge of the screen. */
export function AnswerBar() {
  const words = t().answer;
  const { answer, status, problem } = estimate.value;
  const isShown = answer && !(status === 'failed' && problem?.kind === 'invalid');
  const [low, high] = answer?.valuation.display_range ?? [0, 0];
  return (
    <button
      type="button"
      class="answer-bar screen-only"
      onClick={() => document.getElementById('answer')?.scrollIntoView()}
    >
      <span class={status === 'ready' ? undefined : 'stale'}>
        {!isShown && <strong>—</strong>}
        {isShown && answer.valuation.value_recommended && (
          <>
            <strong>{formatMoney(answer.valuation.display_price)}</strong>{' '}
            <span class="muted">
              {formatMoney(low)} – {formatMoney(high)}
            </span>
          </>
        )}
        {isShown && !answer.valuation.value_recommended && <strong>{words.noValue}</strong>}
      </span>
    </button>
  );
}
