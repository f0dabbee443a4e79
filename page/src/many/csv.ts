/** A row of a table and its number in a spreadsheet, from 1, blank rows and header counted. */
export interface CsvRow {
  row: number;
  cells: string[];
}

/** The text is no CSV; `code` says why and `row` where. */
export class CsvError extends Error {
  constructor(
    readonly code: 'empty' | 'open_quote' | 'too_large' | 'spreadsheet' | 'no_header',
    readonly row: number,
  ) {
    super(`${code} in row ${row}`);
    this.name = 'CsvError';
  }
}

/** Return the rows that hold anything; quotes, CRLF and line ends in quotes are understood. */
export function parseCsv(text: string, delimiter: string): CsvRow[] {
  const rows: CsvRow[] = [];
  let position = 0;
  for (let row = 1; position < text.length; row++) {
    const cells: string[] = [];
    let ended = false;
    while (!ended) {
      const cell = readCell(text, position, delimiter, row);
      cells.push(cell.text);
      position = cell.end;
      ended = text[position] !== delimiter;
      position += ended ? lineEnd(text, position) : 1;
    }
    if (cells.some((cell) => cell.trim() !== '')) {
      rows.push({ row, cells });
    }
  }
  return rows;
}

function readCell(text: string, start: number, delimiter: string, row: number): { text: string; end: number } {
  if (text[start] !== '"') {
    const end = bareEnd(text, start, delimiter);
    return { text: text.slice(start, end), end };
  }
  let value = '';
  let from = start + 1;
  for (;;) {
    const quote = text.indexOf('"', from);
    if (quote < 0) {
      throw new CsvError('open_quote', row);
    }
    value += text.slice(from, quote);
    if (text[quote + 1] !== '"') {
      const end = bareEnd(text, quote + 1, delimiter);
      return { text: value + text.slice(quote + 1, end), end };
    }
    value += '"';
    from = quote + 2;
  }
}

function bareEnd(text: string, start: number, delimiter: string): number {
  let end = start;
  while (end < text.length && text[end] !== delimiter && text[end] !== '\n' && text[end] !== '\r') {
    end++;
  }
  return end;
}

function lineEnd(text: string, position: number): number {
  return text[position] === '\r' && text[position + 1] === '\n' ? 2 : 1;
}

/** Write rows as CSV with CRLF, as RFC 4180 says. */
export function formatCsv(rows: Iterable<readonly string[]>, delimiter: string): string {
  let text = '';
  for (const row of rows) {
    text += `${row.map((cell) => quote(cell, delimiter)).join(delimiter)}\r\n`;
  }
  return text;
}

function quote(cell: string, delimiter: string): string {
  return /["\r\n]/.test(cell) || cell.includes(delimiter) || /^\s|\s$/.test(cell)
    ? `"${cell.replaceAll('"', '""')}"`
    : cell;
}

const FORMULA = /^[\s]*[=+\-@]|^[\t\r]/;
const NUMBER = /^\s*[+-]?(?=[.,]*\d)[\d.,]+(e[+-]?\d+)?\s*(%\s*)?$/i;

/** Put an apostrophe before what a spreadsheet would run as a formula; numbers stay as they are. */
export function guardFormula(cell: string): string {
  return FORMULA.test(cell) && !NUMBER.test(cell) ? `'${cell}` : cell;
}
