import './comparables.css';
import { useSignalEffect } from '@preact/signals';
import { Pending } from '../explanation/pending';
import { formatMoney, formatNumber } from '../format/numbers';
import { config } from '../state/config';
import { comparables, estimate } from '../state/estimate';
import { house } from '../state/house';
import { excludedSales } from '../state/selection';
import { useVisible } from '../state/use_visible';
import { t } from '../words';
import { tableRows } from './left_out';
import { SalesTable } from './sales_table';

const TITLE = 'comparables-title';

/** The most similar sales, which can be left out, and the value that they alone would give. */
export function Comparables() {
  const ref = useVisible('comparables');
  const { status, data, house: compared } = comparables.value;
  const words = t().comparables;
  useSignalEffect(() => {
    // Another model, which may have taken the place of the one before meanwhile, does not know the same sales.
    if (comparables.value.problem?.code === 'sale_not_found') excludedSales.value = [];
  });
  if (!config.value?.sales) return null;
  const rows = tableRows(data?.comparables ?? [], compared);
  return (
    <section ref={ref} class="card comparables" aria-labelledby={TITLE} aria-busy={status !== 'ready'}>
      <h2 id={TITLE} tabIndex={-1}>
        {words.title}
      </h2>
      {data ? (
        <div class={status === 'ready' ? undefined : 'stale'}>
          <Reconciled value={data.reconciled_value} />
          {rows.length > 0 && <SalesTable rows={rows} house={compared ?? house.value} />}
          <p class="muted small">{data.valuation_date ? words.note : words.noteUndated}</p>
        </div>
      ) : (
        <Pending status={status} text={words.waiting} />
      )}
    </section>
  );
}

function Reconciled({ value }: { value: number | null }) {
  const words = t().comparables;
  const model = estimate.value.answer?.predicted_price;
  const count = excludedSales.value.length;
  return (
    <div class="reconciled">
      <dl>
        <div>
          <dt>{words.reconciled}</dt>
          {/* Read out only where the reader's own choice moves it; the estimate has a live region of its own. */}
          <dd aria-live={count ? 'polite' : 'off'}>{value === null ? '–' : formatMoney(toThousandths(value))}</dd>
        </div>
        {model !== undefined && (
          <div>
            <dt>{words.model}</dt>
            <dd>{formatMoney(toThousandths(model))}</dd>
          </div>
        )}
        {model !== undefined && value !== null && (
          <div>
            <dt>{words.difference}</dt>
            <dd>
              {formatNumber(value / model - 1, {
                style: 'percent',
                maximumFractionDigits: 1,
                signDisplay: 'exceptZero',
              })}
            </dd>
          </div>
        )}
      </dl>
      {count > 0 && (
        <p>
          {words.leftOut(count)}{' '}
          <button
            type="button"
            class="button"
            onClick={() => {
              excludedSales.value = [];
              // The button goes away, and the focus with it.
              document.getElementById(TITLE)?.focus();
            }}
          >
            {words.useAll}
          </button>
        </p>
      )}
    </div>
  );
}

/** Round to three significant digits or so: fine enough to see a sale's effect, no finer than the value is known. */
function toThousandths(value: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.abs(value) || 1)) - 2);
  return Math.round(value / unit) * unit;
}
