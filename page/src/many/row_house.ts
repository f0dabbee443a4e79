import type { PageColumn, Value } from '../api/page_config';
import type { House } from '../state/house';
import type { Decimal } from './dialect';

const TRUE = new Set(['true', 'yes', 'y']);
const FALSE = new Set(['false', 'no', 'n']);
/** ISO 8601 in either form, with or without a time. */
const DATE = /^(\d{4})(-?)(\d{2})\2(\d{2})(T[\d:.]+)?$/;

/** Return the house of a row as the form holds it; cells that a form cannot hold are left empty. */
export function houseOfRow(
  header: readonly string[],
  cells: readonly string[],
  columns: readonly PageColumn[],
  decimal: Decimal,
): House {
  return Object.fromEntries(
    columns.map((column) => {
      const text = (cells[header.indexOf(column.name)] ?? '').trim();
      return [column.name, text === '' ? null : cellValue(text, column, decimal)];
    }),
  );
}

function cellValue(text: string, column: PageColumn, decimal: Decimal): Value {
  if (column.kind === 'category') return categoryOf(text, column);
  if (column.kind === 'date') return DATE.test(text) ? text.replace(DATE, '$1-$3-$4') : null;
  const number = Number(decimal === ',' ? text.replace(',', '.') : text);
  if (column.kind === 'flag') {
    const word = text.toLowerCase();
    return TRUE.has(word) || number === 1 ? true : FALSE.has(word) || number === 0 ? false : null;
  }
  if (!Number.isFinite(number)) {
    return column.choices?.find(({ value }) => String(value) === text)?.value ?? null;
  }
  return number;
}

/** Return the code of a cell; spreadsheets that take it for a number write it with a ".0" behind. */
function categoryOf(text: string, { choices }: PageColumn): Value {
  const known = (code: string) => choices?.find(({ value }) => String(value) === code)?.value;
  return known(text) ?? known(text.replace(/[.,]0+$/, '')) ?? text;
}
