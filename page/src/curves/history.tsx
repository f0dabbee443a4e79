/** The value of the house month by month, and the market index. */
import { useSignal } from '@preact/signals';
import { useWidth } from '../chart/width';
import { Pending } from '../explanation/pending';
import { formatMonth } from '../format/dates';
import { formatMoney, formatNumber } from '../format/numbers';
import { history } from '../state/estimate';
import { useVisible } from '../state/use_visible';
import { t } from '../words';
import { CurveTable } from './curve_table';
import { HistoryPlot, type Month, marketTrend } from './history_plot';

export function History() {
  const ref = useVisible('history');
  const { element, width } = useWidth();
  const inspected = useSignal<Month | null>(null);
  const { status, data } = history.value;
  const words = t().curves;
  const months = (data?.history ?? []).map((month) => ({
    label: formatMonth(month.month),
    price: month.predicted_price,
    low: month.prediction_interval[0],
    high: month.prediction_interval[1],
    index: month.market_index,
  }));
  const [first, last] = [months[0], months.at(-1)];
  const told = inspected.value ?? last;
  return (
    <section ref={ref} class="card curve" aria-labelledby="history-title" aria-busy={status !== 'ready'}>
      <h2 id="history-title">{words.history}</h2>
      {first && last && told ? (
        <div class={status === 'ready' ? undefined : 'stale'}>
          <p class="muted">
            {words.market(formatNumber(last.index / first.index - 1, percent), first.label, last.label)}
          </p>
          <div ref={element} class="curve-plot">
            {width.value > 0 && (
              <HistoryPlot
                width={width.value}
                months={months}
                money={(amount) => formatMoney(amount, { compact: true })}
                onInspect={(month) => {
                  inspected.value = month;
                }}
              />
            )}
          </div>
          <p class="curve-told">{monthText(told)}</p>
          {marketTrend(months) && <p class="muted small">{words.trendNote}</p>}
          <CurveTable caption={words.month} points={months} />
        </div>
      ) : (
        <Pending status={status} text={words.waiting} />
      )}
    </section>
  );
}

const percent: Intl.NumberFormatOptions = { style: 'percent', maximumFractionDigits: 1, signDisplay: 'exceptZero' };

function monthText({ label, price, low, high, index }: Month): string {
  const shown = formatNumber(index, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return t().curves.monthPoint(label, formatMoney(price), formatMoney(low), formatMoney(high), shown);
}
