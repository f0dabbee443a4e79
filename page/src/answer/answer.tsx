import './answer.css';
import { useEffect, useState } from 'preact/hooks';
import { formatDate } from '../format/dates';
import { formatMoney, formatPercent } from '../format/numbers';
import { config } from '../state/config';
import { type Answer as Answered, estimate } from '../state/estimate';
import { t } from '../words';
import { Actions } from './actions';
import { limitTexts } from './limits';
import { PrintedHead, PrintedHouse } from './printed_house';
import { RangeLine } from './range_line';

const SLOW_MS = 3000;

export function Answer() {
  const words = t().answer;
  const { answer, status, problem } = estimate.value;
  const isInvalid = status === 'failed' && problem?.kind === 'invalid';
  const isOld = status !== 'ready';
  return (
    <section
      id="answer"
      tabIndex={-1}
      class="card answer"
      aria-labelledby="answer-title"
      aria-busy={status === 'stale' || status === 'loading'}
    >
      <PrintedHead />
      <h2 id="answer-title">
        {words.title}
        {/* "$" is the sign of many currencies. */}
        {config.value?.currency && ` (${config.value.currency})`}
      </h2>
      <p class="visually-hidden" aria-live="polite">
        {spokenText()}
      </p>
      {isInvalid || !answer ? (
        <NoAnswer isInvalid={isInvalid} />
      ) : (
        <div class={isOld ? 'answer-body stale' : 'answer-body'}>
          <Headline answer={answer} />
          <Facts answer={answer} />
          <Limits answer={answer} />
        </div>
      )}
      {!problem && isOld && <Slow key={status} />}
      <Actions />
      <PrintedHouse />
    </section>
  );
}

function Headline({ answer }: { answer: Answered }) {
  const words = t().answer;
  const { valuation } = answer;
  const [low, high] = valuation.display_range;
  const share = formatPercent(answer.coverage);
  if (!valuation.value_recommended)
    return (
      <div>
        <p class="no-value">{words.noValue}</p>
        <p>{words.noValueReason(formatPercent(answer.fsd, 1), formatPercent(valuation.max_fsd, 1))}</p>
        <p class="muted">{words.noValueRange(share, formatMoney(low), formatMoney(high))}</p>
      </div>
    );
  return (
    <div>
      <p class="price">
        <strong>{formatMoney(valuation.display_price)}</strong>{' '}
        <span class="range">
          {formatMoney(low)} – {formatMoney(high)}
        </span>
      </p>
      <RangeLine price={answer.predicted_price} low={low} high={high} />
      <p class="muted small">
        {config.value?.functional === 'mean' ? words.mean : words.median} {words.range(share)}
      </p>
    </div>
  );
}

function Facts({ answer }: { answer: Answered }) {
  const words = t().answer;
  const { valuation, fsd, valuation_date: date } = answer;
  return (
    <dl class="facts">
      <dt>{words.confidence}</dt>
      <dd>
        <strong>{words.confidenceClasses[valuation.confidence_class]}</strong>: {words.scatter(formatPercent(fsd, 1))}
      </dd>
      {date && (
        <>
          <dt>{words.date}</dt>
          <dd>{formatDate(date)}</dd>
        </>
      )}
      {valuation.agreement && (
        <>
          <dt>{words.agreement}</dt>
          <dd>{agreementText(valuation.agreement)}</dd>
        </>
      )}
      <dt>{words.quality}</dt>
      <dd>{words.qualityText(formatPercent(valuation.data_quality.score / 100))}</dd>
    </dl>
  );
}

function agreementText(agreement: NonNullable<Answered['valuation']['agreement']>): string {
  const words = t().answer;
  const prices = [agreement.tree_price, agreement.kernel_ridge_price].sort((a, b) => a - b) as [number, number];
  const difference = prices[1] / prices[0] - 1;
  if (difference < 0.0005) return words.agreementEqual(formatMoney(prices[0]));
  return words.agreementText(formatPercent(difference, 1), formatMoney(prices[0]), formatMoney(prices[1]));
}

function Limits({ answer }: { answer: Answered }) {
  const limits = limitTexts(answer);
  if (!limits.length) return null;
  return (
    <div class="limits">
      <h3>{t().answer.limits}</h3>
      <ul>
        {limits.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </div>
  );
}

function NoAnswer({ isInvalid }: { isInvalid: boolean }) {
  const words = t().answer;
  return (
    <div class="answer-body">
      <p class="price">
        <strong>—</strong>
      </p>
      {isInvalid && <p class="error">{words.invalid}</p>}
      {estimate.value.status === 'loading' && <p class="muted">{words.waiting}</p>}
    </div>
  );
}

/** Says that the server is slow, once it has been for a while. */
function Slow() {
  const [isSlow, setIsSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIsSlow(true), SLOW_MS);
    return () => clearTimeout(timer);
  }, []);
  return isSlow ? (
    <p class="muted small" role="status">
      {t().answer.slow}
    </p>
  ) : null;
}

/** Return what a screen reader says once an estimate is there, and nothing meanwhile. */
function spokenText(): string {
  const words = t().answer;
  const { answer, status, problem } = estimate.value;
  // The other problems are said by the notices.
  if (status === 'failed' && problem?.kind === 'invalid') return words.invalid;
  if (status !== 'ready' || !answer) return '';
  if (!answer.valuation.value_recommended) return words.noValue;
  const [low, high] = answer.valuation.display_range;
  return words.spoken(formatMoney(answer.valuation.display_price), formatMoney(low), formatMoney(high));
}
