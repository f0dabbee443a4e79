import { formatMoney, formatNumber, formatPercent } from '../format/numbers';
import { columnNamed, columnWithRole, config } from '../state/config';
import { replaceHouse } from '../state/house';
import { showView } from '../state/route';
import { t } from '../words';
import { columnLabel } from '../words/labels';
import type { BatchPrediction, RowResult } from './batch';
import { displayPrice } from './display_price';
import { houseOfRow } from './row_house';
import type { HouseTable } from './table';
import { type TableColumn, VirtualTable } from './virtual_table';

export interface PricedRow {
  /** In the spreadsheet. */
  row: number;
  cells: string[];
  prediction: BatchPrediction;
}

const ROW_HEIGHT = 44;
const ONE_DIGIT = { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 } as const;
/** Columns of the table that tell houses apart, by role; the first that are there are shown. */
const TELLING = ['living_area', 'bedrooms', 'location'];

export function pricedRows(table: HouseTable, results: readonly RowResult[]): PricedRow[] {
  return table.rows.flatMap(({ row, cells }, index) => {
    const result = results[index];
    return result && 'prediction' in result ? [{ row, cells, prediction: result.prediction }] : [];
  });
}

/** Price, range, uncertainty and warnings of each row. */
export function PriceTable({ table, rows }: { table: HouseTable; rows: PricedRow[] }) {
  const words = t().many;
  const columns: TableColumn<PricedRow>[] = [
    { key: 'row', width: 9, title: words.row, numeric: true, cell: ({ row }) => formatNumber(row) },
    // Near the left edge, since on narrower screens the table scrolls sideways.
    {
      key: 'open',
      width: 11,
      title: words.open,
      cell: (row) => (
        <button
          type="button"
          class="button quiet"
          aria-label={words.openRow(formatNumber(row.row))}
          onClick={() => openRow(table, row)}
        >
          {words.open}
        </button>
      ),
    },
    {
      key: 'price',
      width: 15,
      title: words.predicted,
      numeric: true,
      cell: ({ prediction }) => <strong>{formatMoney(displayPrice(prediction).price)}</strong>,
    },
    {
      key: 'range',
      width: 27,
      title: words.range(formatPercent(config.value?.coverage ?? 0)),
      numeric: true,
      cell: ({ prediction }) =>
        displayPrice(prediction)
          .range.map((end) => formatMoney(end))
          .join(' – '),
    },
    ...tellingColumns(table),
    {
      key: 'fsd',
      width: 9,
      title: words.fsd,
      numeric: true,
      cell: ({ prediction }) => formatNumber(prediction.fsd, ONE_DIGIT),
    },
    {
      key: 'confidence',
      width: 13,
      title: words.confidence,
      numeric: true,
      cell: ({ prediction }) => formatNumber(prediction.confidence, { maximumFractionDigits: 0 }),
    },
    { key: 'notes', width: 40, title: words.notes, cell: ({ prediction }) => <Notes prediction={prediction} /> },
  ];
  return <VirtualTable label={words.table} rows={rows} rowHeight={ROW_HEIGHT} columns={columns} />;
}

function tellingColumns(table: HouseTable): TableColumn<PricedRow>[] {
  const names = TELLING.flatMap((role) => columnWithRole(role)?.name ?? []);
  return ['reference', ...names].flatMap((name) => {
    const index = table.header.indexOf(name);
    if (index < 0) return [];
    const numeric = ['number', 'integer'].includes(columnNamed(name)?.kind ?? '');
    return [
      { key: name, width: 16, title: columnLabel(name), numeric, cell: ({ cells }: PricedRow) => cells[index] ?? '' },
    ];
  });
}

function Notes({ prediction }: { prediction: BatchPrediction }) {
  const words = t().many;
  const notes = prediction.warnings.map(
    ({ column, kind, message }) => words.warnings[kind]?.(columnLabel(column)) ?? message,
  );
  if (prediction.fsd > (config.value?.max_fsd ?? Number.POSITIVE_INFINITY)) notes.unshift(words.unsure);
  const text = notes.join('; ');
  return (
    <span class="many-notes" title={text}>
      {text}
    </span>
  );
}

function openRow(table: HouseTable, { cells }: PricedRow): void {
  replaceHouse(houseOfRow(table.header, cells, config.peek()?.columns ?? [], table.decimal));
  showView('estimate');
}
