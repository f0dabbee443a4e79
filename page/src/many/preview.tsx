import { formatNumber } from '../format/numbers';
import { t } from '../words';
import { declare, declared, discard, keepUnknown, priceAll, results, run, source } from './batch_state';
import { DELIMITERS, type Decimal, type Delimiter } from './dialect';
import { RunProgress } from './run_progress';
import type { HouseTable } from './table';

/** How the table was understood, what to decide about it, and the button that prices it. */
export function Preview({ table }: { table: HouseTable }) {
  const words = t().many;
  const { status } = run.value;
  const rows = formatNumber(table.rows.length);
  const started = results.value.length > 0;
  return (
    <div class="card many-preview">
      <p>
        <strong>{words.read(rows, source.value?.name ?? words.pasted)}</strong>
      </p>
      <Dialect table={table} />
      {table.missing.length > 0 && <Names text={words.missing} names={table.missing} warning />}
      {table.repeated.length > 0 && <Names text={words.repeated} names={table.repeated} warning />}
      {table.unknown.length > 0 && (
        <>
          <Names text={words.unknown} names={table.unknown} />
          <label>
            <input
              type="checkbox"
              checked={keepUnknown.value}
              onChange={(event) => {
                keepUnknown.value = event.currentTarget.checked;
              }}
            />{' '}
            {words.keepUnknown}
          </label>
        </>
      )}
      <RunProgress total={table.rows.length} />
      <div class="many-actions">
        {status !== 'running' && status !== 'done' && (
          <button
            type="button"
            class="button primary"
            disabled={table.repeated.length > 0}
            onClick={() => void priceAll()}
          >
            {started ? words.goOn : words.price(rows)}
          </button>
        )}
        <button type="button" class="button" onClick={discard}>
          {words.another}
        </button>
      </div>
    </div>
  );
}

function Names({ text, names, warning = false }: { text: string; names: string[]; warning?: boolean }) {
  return (
    <p class={warning ? 'many-names warning' : 'many-names'}>
      {text}{' '}
      {names.map((name) => (
        <code key={name}>{name}</code>
      ))}
    </p>
  );
}

function Dialect({ table }: { table: HouseTable }) {
  const words = t().many;
  const locked = run.value.status === 'running';
  return (
    <div class="many-dialect">
      <label>
        {words.delimiter}
        <select
          value={table.delimiter}
          disabled={locked}
          onChange={(event) => declare({ ...declared.value, delimiter: event.currentTarget.value as Delimiter })}
        >
          {DELIMITERS.map((delimiter) => (
            <option key={delimiter} value={delimiter}>
              {words.delimiters[delimiter]}
            </option>
          ))}
        </select>
      </label>
      <label>
        {words.decimal}
        <select
          value={table.decimal}
          disabled={locked}
          onChange={(event) => declare({ ...declared.value, decimal: event.currentTarget.value as Decimal })}
        >
          {(['.', ','] as const).map((decimal) => (
            <option key={decimal} value={decimal}>
              {words.decimals[decimal]}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
