import type { PageColumn } from '../api/page_config';
import { CsvError, type CsvRow, parseCsv } from './csv';
import { type Decimal, type Delimiter, detectDecimal, detectDelimiter, SEPARATOR_LINE } from './dialect';

/** What the answer adds; a table that has them already was priced before. */
export const ADDED_COLUMNS = [
  'predicted_price',
  'interval_low',
  'interval_high',
  'fsd',
  'confidence',
  'warnings',
  'error',
] as const;

/** A table of houses as it was pasted or read, and how its columns fit the model's. */
export interface HouseTable {
  delimiter: Delimiter;
  decimal: Decimal;
  /** As the model calls the columns it knows, otherwise as written. */
  header: string[];
  rows: CsvRow[];
  unknown: string[];
  missing: string[];
  /** Known columns that stand there twice. */
  repeated: string[];
}

/** Read a table of houses. Raises `CsvError` where it has no rows, or no header that names a column. */
export function readTable(
  text: string,
  columns: readonly PageColumn[],
  declared: { delimiter?: Delimiter | undefined; decimal?: Decimal | undefined } = {},
): HouseTable {
  const names = new Map([
    ['reference', 'reference'],
    ...columns.map((column): [string, string] => [column.name.toLowerCase(), column.name]),
  ]);
  const content = text.replace(/^\ufeff/, '');
  const delimiter = declared.delimiter ?? detectDelimiter(content, new Set(names.keys()));
  const lines = parseCsv(content, delimiter);
  if (SEPARATOR_LINE.test(lines[0]?.cells.join(delimiter) ?? '')) lines.shift();
  const [head, ...rows] = lines;
  if (head === undefined || rows.length === 0) {
    throw new CsvError('empty', 1);
  }
  const written = head.cells.map((cell) => cell.trim());
  const header = written.map((cell) => names.get(cell.toLowerCase()) ?? cell);
  const known = new Set(names.values());
  if (!header.some((name) => known.has(name))) throw new CsvError('no_header', head.row);
  return {
    delimiter,
    decimal: declared.decimal ?? detectDecimal(numberCells(rows, header, columns)),
    header,
    rows,
    unknown: header.filter((name) => name !== '' && !known.has(name)),
    missing: columns.filter((c) => c.required && !header.includes(c.name)).map((c) => c.name),
    repeated: header.filter((name, index) => known.has(name) && header.indexOf(name) !== index),
  };
}

function* numberCells(
  rows: readonly CsvRow[],
  header: readonly string[],
  columns: readonly PageColumn[],
): Iterable<string> {
  const numbers = new Set(columns.filter((column) => column.kind === 'number').map((column) => column.name));
  const indexes = header.flatMap((name, index) => (numbers.has(name) ? [index] : []));
  for (const { cells } of rows.slice(0, 1000)) {
    for (const index of indexes) {
      yield cells[index] ?? '';
    }
  }
}

/** Return the cells of a row brought to the width of the header, or null where they do not fit. */
export function fitCells(cells: readonly string[], width: number): string[] | null {
  const beyond = cells.slice(width);
  if (cells.length < width || beyond.some((cell) => cell.trim() !== '')) {
    return null;
  }
  return cells.slice(0, width);
}
