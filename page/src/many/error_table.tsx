import { faultText } from '../form/field_errors';
import { formatNumber } from '../format/numbers';
import { columnNamed } from '../state/config';
import { t } from '../words';
import type { CellError, RowResult } from './batch';
import type { HouseTable } from './table';
import { VirtualTable } from './virtual_table';

export interface ErrorRow extends CellError {
  /** In the spreadsheet. */
  row: number;
  value: string;
}

const ROW_HEIGHT = 44;

export function errorRows(table: HouseTable, results: readonly RowResult[]): ErrorRow[] {
  return table.rows.flatMap(({ row, cells }, index) => {
    const result = results[index];
    if (!result || !('errors' in result)) return [];
    return result.errors.map((error) => ({
      ...error,
      row,
      value: error.column === null ? '' : (cells[table.header.indexOf(error.column)] ?? ''),
    }));
  });
}

/** What is wrong with the rows that have no price, by row and column. */
export function ErrorTable({ errors }: { errors: ErrorRow[] }) {
  const words = t().many;
  return (
    <VirtualTable
      label={words.errors}
      rows={errors}
      rowHeight={ROW_HEIGHT}
      columns={[
        { key: 'row', width: 9, title: words.row, numeric: true, cell: ({ row }) => formatNumber(row) },
        { key: 'column', width: 24, title: words.column, cell: ({ column }) => column ?? words.wholeRow },
        { key: 'value', width: 22, title: words.value, cell: ({ value }) => <span class="many-value">{value}</span> },
        {
          key: 'problem',
          width: 60,
          title: words.problem,
          cell: (error) => (
            <span class="many-problem-text" title={error.message}>
              {errorText(error)}
            </span>
          ),
        },
      ]}
    />
  );
}

function errorText({ type, message, column, row }: ErrorRow): string {
  if (type === 'row_width') return t().many.rowWidth(message);
  const known = column === null ? undefined : columnNamed(column);
  return known ? faultText({ type, msg: message, loc: [row, known.name] }, known) : message;
}
