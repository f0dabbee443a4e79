import './explanation.css';
import { useSignal } from '@preact/signals';
import type { Contribution } from '../api/answers';
import { type Step, waterfall } from '../chart/waterfall';
import { WaterfallTable } from '../chart/waterfall_table';
import { formatMoney } from '../format/numbers';
import { explanation } from '../state/estimate';
import { useVisible } from '../state/use_visible';
import { t } from '../words';
import { groupLabel, groupValues } from './group_words';
import { Pending } from './pending';

/** Steps that are shown before the rest is summed. */
const SHOWN = 7;

/** What moves the price: from the average of representative sold houses to this one. */
export function Explanation() {
  const ref = useVisible('explanation');
  const all = useSignal(false);
  const { status, data } = explanation.value;
  const words = t().explanation;
  return (
    <section ref={ref} class="card explanation" aria-labelledby="explanation-title" aria-busy={status !== 'ready'}>
      <h2 id="explanation-title">{words.title}</h2>
      {data ? (
        <div class={status === 'ready' ? undefined : 'stale'}>
          <p class="muted">{difference(data.predicted_price - data.base_price, data.base_houses)}</p>
          <WaterfallTable
            caption={words.title}
            waterfall={waterfall(data.base_price, data.contributions, all.value ? Number.POSITIVE_INFINITY : SHOWN)}
            first={words.base(data.base_houses)}
            last={words.price}
            label={(step) => <StepLabel step={step} />}
            headings={{ step: words.what, amount: words.amount }}
          />
          {data.contributions.length > SHOWN + 1 && (
            <button
              type="button"
              class="button quiet"
              aria-expanded={all.value}
              onClick={() => {
                all.value = !all.value;
              }}
            >
              {all.value ? words.fewer : words.more}
            </button>
          )}
          <p class="muted small">{words.note}</p>
        </div>
      ) : (
        <Pending status={status} text={words.waiting} />
      )}
    </section>
  );
}

function StepLabel({ step: { parts } }: { step: Step<Contribution> }) {
  const [first] = parts;
  if (!first) return null;
  if (parts.length > 1) return <>{t().explanation.others(parts.length)}</>;
  const values = groupValues(first.columns, first.values);
  return (
    <>
      {groupLabel(first.name, first.columns)} {values && <span class="muted">{values}</span>}
    </>
  );
}

function difference(amount: number, houses: number): string {
  const words = t().explanation;
  if (Math.round(amount) === 0) return words.same(houses);
  const money = formatMoney(Math.abs(amount));
  return amount > 0 ? words.above(money, houses) : words.below(money, houses);
}
