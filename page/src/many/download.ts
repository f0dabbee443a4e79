import type { PageColumn } from '../api/page_config';
import type { RowResult } from './batch';
import { formatCsv, guardFormula } from './csv';
import { ADDED_COLUMNS, fitCells, type HouseTable } from './table';

const BYTE_ORDER_MARK = '\ufeff'; // by which spreadsheets know UTF-8

export interface DownloadOptions {
  /** Whether columns that the model does not know are written too. */
  keepUnknown: boolean;
}

/** Write the table as it was sent with the predictions or errors of each row behind it. */
export function resultCsv(table: HouseTable, results: readonly RowResult[], { keepUnknown }: DownloadOptions): string {
  const unknown = new Set<string>(keepUnknown ? ADDED_COLUMNS : [...ADDED_COLUMNS, ...table.unknown]);
  const kept = table.header.flatMap((name, index) => (unknown.has(name) ? [] : [index]));
  const number = (value: number, digits: number) => value.toFixed(digits).replace('.', table.decimal);
  const rows = table.rows.map(({ cells }, index) => {
    const own = fitCells(cells, table.header.length) ?? cells;
    return [...kept.map((column) => guardFormula(own[column] ?? '')), ...added(results[index] ?? null, number)];
  });
  const header = kept.map((column) => guardFormula(table.header[column] ?? ''));
  return BYTE_ORDER_MARK + formatCsv([[...header, ...ADDED_COLUMNS], ...rows], table.delimiter);
}

function added(result: RowResult, number: (value: number, digits: number) => string): string[] {
  if (result === null) {
    return ADDED_COLUMNS.map(() => '');
  }
  if ('errors' in result) {
    const messages = result.errors.map((error) => error.message).join('; ');
    return ['', '', '', '', '', '', guardFormula(messages)];
  }
  const { predicted_price, prediction_interval, fsd, confidence, warnings } = result.prediction;
  return [
    number(predicted_price, 2),
    number(prediction_interval[0], 2),
    number(prediction_interval[1], 2),
    number(fsd, 6),
    number(confidence, 2),
    guardFormula(warnings.map((warning) => warning.message).join('; ')),
    '',
  ];
}

/** Write the header of all columns of a request and the typical house as its only row. */
export function templateCsv(columns: readonly PageColumn[], decimal: '.' | ','): string {
  const cell = ({ typical }: PageColumn) =>
    typeof typical === 'number' ? String(typical).replace('.', decimal) : guardFormula(String(typical ?? ''));
  return (
    BYTE_ORDER_MARK + formatCsv([columns.map((column) => column.name), columns.map(cell)], decimal === ',' ? ';' : ',')
  );
}
