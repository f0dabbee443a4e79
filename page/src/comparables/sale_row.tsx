/** One comparable sale: its row, and below it the steps from the price paid to the adjusted price. */
import { useSignal } from '@preact/signals';
import type { Comparable } from '../api/answers';
import { running, type Step } from '../chart/waterfall';
import { WaterfallTable } from '../chart/waterfall_table';
import { groupLabel, groupValues } from '../explanation/group_words';
import { formatDate } from '../format/dates';
import { formatMoney, formatPercent } from '../format/numbers';
import { columnNamed, columnWithRole, config } from '../state/config';
import type { House } from '../state/house';
import { highlightedSale } from '../state/selection';
import { t } from '../words';
import { valueText } from '../words/labels';
import { placeOf, type SaleColumn } from './columns';
import { awayText } from './distance_words';
import { leaveOut, type Row, useAgain } from './left_out';

interface Props {
  row: Row;
  columns: readonly SaleColumn[];
  house: House;
}

export function SaleRow({ row, columns, house }: Props) {
  const open = useSignal(false);
  const { sale, used, current } = row;
  const words = t().comparables;
  const name = words.sale(formatMoney(sale.price), sale.sale_date && formatDate(sale.sale_date));
  const mark = (on: boolean): void => {
    const place = on ? placeOf(sale.house, config.value?.columns ?? []) : null;
    highlightedSale.value = place && { id: sale.id, ...place };
  };
  const classes = [used ? '' : 'left-out', highlightedSale.value?.id === sale.id ? 'marked' : ''].join(' ').trim();
  const details = `sale-${sale.id}`;
  return (
    <>
      <tr
        class={classes || undefined}
        onPointerEnter={() => mark(true)}
        onPointerLeave={() => mark(false)}
        onFocusIn={() => mark(true)}
        onFocusOut={() => mark(false)}
      >
        <td class="sale-use">
          <input
            type="checkbox"
            aria-label={words.useSale(name)}
            checked={used}
            onChange={() => (used ? leaveOut(sale, house) : useAgain(sale.id))}
          />
        </td>
        {columns.map((column) => (
          <td key={column.key} data-label={words.columns[column.key]}>
            {cellText(column, row)}
          </td>
        ))}
        <td class="sale-steps">
          {current && (
            <button
              type="button"
              class="button quiet"
              aria-expanded={open.value}
              aria-controls={details}
              aria-label={words.stepsOf(name)}
              onClick={() => {
                open.value = !open.value;
              }}
            >
              {words.steps}
            </button>
          )}
        </td>
      </tr>
      {open.value && current && (
        <tr class="sale-details" id={details}>
          <td colSpan={columns.length + 2}>
            <Adjustments sale={sale} house={house} name={name} />
          </td>
        </tr>
      )}
    </>
  );
}

function cellText({ key, value }: SaleColumn, row: Row): string {
  const found = value(row);
  if (found === null) return '–';
  if (key === 'similarity') return formatPercent(Number(found), 1);
  if (key === 'date') return formatDate(String(found));
  if (key === 'area') return valueText(columnWithRole('living_area') ?? '', found);
  if (key === 'away') return awayText(Number(found));
  return formatMoney(Number(found));
}

function Adjustments({ sale, house, name }: { sale: Comparable; house: House; name: string }) {
  const words = t().comparables;
  return (
    <WaterfallTable
      caption={words.stepsOf(name)}
      waterfall={running(
        sale.price,
        sale.adjustments.map((one) => [one]),
      )}
      first={sale.sale_date ? words.paidOn(formatDate(sale.sale_date)) : words.paid}
      last={words.columns.adjusted}
      label={(step) => <AdjustmentLabel step={step} sale={sale} house={house} />}
      headings={{ step: t().explanation.what, amount: t().explanation.amount }}
    />
  );
}

interface LabelProps {
  step: Step<{ name: string; amount: number }>;
  sale: Comparable;
  house: House;
}

function AdjustmentLabel({ step, sale, house }: LabelProps) {
  const name = step.parts[0]?.name ?? '';
  if (name === 'market' && !columnNamed(name)) return <>{t().explanation.market}</>;
  const columns = columnsOf(name);
  const [from, to] = [groupValues(columns, sale.house), groupValues(columns, house)];
  return (
    <>
      {groupLabel(name, columns.length === 1 ? columns : undefined)}{' '}
      {from !== to && (
        <span class="muted">
          {from} → {to}
        </span>
      )}
    </>
  );
}

const GROUP_ROLES: Record<string, readonly string[]> = {
  place: ['location', 'latitude', 'longitude'],
  age: ['year_built', 'year_renovated'],
  neighbours: ['neighbour_living_area', 'neighbour_lot_area'],
};

/** Return the columns of an adjustment, which the answer names by column or by group. */
function columnsOf(name: string): string[] {
  if (columnNamed(name)) return [name];
  const found = (GROUP_ROLES[name] ?? []).map((role) => columnWithRole(role)?.name);
  return found.filter((column) => column !== undefined);
}
