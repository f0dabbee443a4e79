import { useState } from 'preact/hooks';
import { formatMoney, formatNumber } from '../format/numbers';
import { t } from '../words';
import type { RowResult } from './batch';
import { keepUnknown, run, source } from './batch_state';
import { resultCsv } from './download';
import { ErrorTable, errorRows } from './error_table';
import { PriceTable, pricedRows } from './price_table';
import { saveFile } from './save_file';
import type { HouseTable } from './table';

type Shown = 'priced' | 'errors';

/** What became of the rows: a summary, the prices or the errors, and the download. */
export function Results({ table, results }: { table: HouseTable; results: RowResult[] }) {
  const words = t().many;
  const [chosen, setChosen] = useState<Shown | null>(null);
  const priced = pricedRows(table, results);
  const errors = errorRows(table, results);
  const refused = new Set(errors.map((error) => error.row)).size;
  const shown: Shown = refused === 0 ? 'priced' : (chosen ?? (priced.length > 0 ? 'priced' : 'errors'));
  const prices = priced.map((row) => row.prediction.predicted_price).sort((a, b) => a - b);
  return (
    <div class="card many-results">
      <div class="many-summary">
        <strong>{words.priced(formatNumber(priced.length))}</strong>
        {refused > 0 && <strong class="warning">{words.refused(formatNumber(refused))}</strong>}
        {prices.length > 1 && (
          <span>
            {words.middle} {formatMoney(Number((prices[prices.length >> 1] as number).toPrecision(3)))}
          </span>
        )}
        <button
          type="button"
          class="button"
          disabled={run.value.status === 'running'}
          onClick={() => saveFile(downloadName(), resultCsv(table, results, { keepUnknown: keepUnknown.value }))}
        >
          {words.download}
        </button>
      </div>
      {refused > 0 && (
        <fieldset class="many-show">
          <legend class="visually-hidden">{words.table}</legend>
          {(['priced', 'errors'] as const).map((one) => (
            <label key={one}>
              <input type="radio" name="many-show" checked={shown === one} onChange={() => setChosen(one)} />{' '}
              {words.show[one]}
            </label>
          ))}
        </fieldset>
      )}
      {shown === 'priced' ? <PriceTable table={table} rows={priced} /> : <ErrorTable errors={errors} />}
    </div>
  );
}

function downloadName(): string {
  const name = source.peek()?.name?.replace(/\.\w+$/, '') ?? 'houses';
  return `${name}-priced.csv`;
}
