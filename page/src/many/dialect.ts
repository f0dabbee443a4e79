import { parseCsv } from './csv';

export const DELIMITERS = [',', ';', '\t', '|'] as const;
export type Delimiter = (typeof DELIMITERS)[number];
export type Decimal = '.' | ',';

/** The line by which Excel is told the delimiter. */
export const SEPARATOR_LINE = /^sep=(.)?\s*$/i;

/** Return the first line that holds anything; looked for by hand, since a pattern takes forever on a long blank one. */
function firstLine(text: string): string {
  const start = text.search(/\S/);
  if (start < 0) return '';
  const end = start + text.slice(start).search(/[\r\n]|$/);
  const before = Math.max(text.lastIndexOf('\n', start), text.lastIndexOf('\r', start));
  return text.slice(before + 1, end);
}

/** Return the delimiter with which the header holds most of the names, then most cells; that of a separator line. */
export function detectDelimiter(text: string, names: ReadonlySet<string>): Delimiter {
  const header = firstLine(text);
  const declared = DELIMITERS.find((one) => one === SEPARATOR_LINE.exec(header)?.[1]);
  if (declared) return declared;
  const score = (delimiter: Delimiter): number => {
    const cells = splitHeader(header, delimiter);
    return cells.filter((cell) => names.has(cell.trim().toLowerCase())).length * 1000 + cells.length;
  };
  return DELIMITERS.reduce((best, delimiter) => (score(delimiter) > score(best) ? delimiter : best));
}

function splitHeader(header: string, delimiter: Delimiter): string[] {
  try {
    return parseCsv(header, delimiter)[0]?.cells ?? [];
  } catch {
    return header.split(delimiter); // a quote in the header that ends on a later line
  }
}

/** Return the decimal sign that more of the cells are written with. */
export function detectDecimal(cells: Iterable<string>): Decimal {
  let commas = 0;
  let points = 0;
  for (const cell of cells) {
    if (/^\s*[+-]?\d*,\d+\s*$/.test(cell)) {
      commas++;
    } else if (/^\s*[+-]?\d*\.\d+\s*$/.test(cell)) {
      points++;
    }
  }
  return commas > points ? ',' : '.';
}
