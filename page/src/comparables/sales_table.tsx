/** The table of comparable sales: sortable, each row with its adjustments; cards on a narrow screen. */
import { useSignal } from '@preact/signals';
import { config } from '../state/config';
import type { House } from '../state/house';
import { t } from '../words';
import { type ColumnKey, type SaleColumn, saleColumns } from './columns';
import type { Row } from './left_out';
import { nextOrder, type Order, sorted } from './order';
import { SaleRow } from './sale_row';

interface Props {
  rows: readonly Row[];
  /** The house that the sales are compared with. */
  house: House;
}

export function SalesTable({ rows, house }: Props) {
  const order = useSignal<Order<ColumnKey>>({ key: 'similarity', descending: true });
  const words = t().comparables;
  const columns = saleColumns(rows, house, config.value?.columns ?? []);
  const by = columns.find(({ key }) => key === order.value.key) ?? columns[0];
  const sort = ({ key, descending }: SaleColumn): void => {
    order.value = nextOrder(order.value, key, descending);
  };
  return (
    <>
      <label class="sort-choice">
        {words.sortBy}
        <select
          value={order.value.key}
          onChange={({ currentTarget }) => {
            const chosen = columns.find(({ key }) => key === currentTarget.value);
            if (chosen) order.value = { key: chosen.key, descending: chosen.descending };
          }}
        >
          {columns.map(({ key }) => (
            <option key={key} value={key}>
              {words.columns[key]}
            </option>
          ))}
        </select>
      </label>
      <table class="sales">
        <caption class="visually-hidden">{words.title}</caption>
        <thead>
          <tr>
            <th scope="col">{words.use}</th>
            {columns.map((column) => (
              <Heading key={column.key} column={column} order={order.value} onSort={() => sort(column)} />
            ))}
            <th scope="col">
              <span class="visually-hidden">{words.steps}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {sorted(rows, by?.value ?? (() => null), order.value.descending).map((row) => (
            <SaleRow key={row.sale.id} row={row} columns={columns} house={house} />
          ))}
        </tbody>
      </table>
    </>
  );
}

interface HeadingProps {
  column: SaleColumn;
  order: Order<ColumnKey>;
  onSort: () => void;
}

function Heading({ column: { key }, order, onSort }: HeadingProps) {
  const direction = order.key === key ? (order.descending ? 'descending' : 'ascending') : 'none';
  return (
    <th scope="col" aria-sort={direction}>
      <button type="button" onClick={onSort}>
        {t().comparables.columns[key]}
      </button>
    </th>
  );
}
