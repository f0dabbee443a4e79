// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { CsvError, formatCsv, guardFormula, parseCsv } from './csv';

const cells = (text: string, delimiter = ',') => parseCsv(text, delimiter).map((row) => row.cells);

describe('parseCsv', () => {
  it('reads quotes, doubled quotes and line ends within quotes', () => {
    expect(cells('a,"b ""c""",d\r\n1,"2\n3",\n')).toEqual([
      ['a', 'b "c"', 'd'],
      ['1', '2\n3', ''],
    ]);
  });
  it('reads old line ends and a last row without one', () => {
    expect(cells('a;b\r1;2\r3;4', ';')).toEqual([
      ['a', 'b'],
      ['1', '2'],
      ['3', '4'],
    ]);
  });
  it('counts blank rows and leaves them out', () => {
    expect(parseCsv('a,b\n\n,\n1,2\n', ',')).toEqual([
      { row: 1, cells: ['a', 'b'] },
      { row: 4, cells: ['1', '2'] },
    ]);
  });
  it('refuses a quote that is never closed, with its row', () => {
    try {
      parseCsv('a,b\n1,"2\n3,4\n', ',');
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(CsvError);
      expect((error as CsvError).code).toBe('open_quote');
      expect((error as CsvError).row).toBe(2);
    }
  });
  it('reads back whatever formatCsv writes', () => {
    const rows = [
      ['', 'x'],
      ['"', 'a\r\nb'],
      [' spaced ', '<b>;,\t|'],
      ['=1+1', 'é😀'],
    ];
    for (const delimiter of [',', ';', '\t', '|']) {
      expect(cells(formatCsv(rows, delimiter), delimiter)).toEqual(rows);
    }
  });
  it('ends at once for text without content', () => {
    expect(parseCsv('', ',')).toEqual([]);
    expect(parseCsv('\n\n', ',')).toEqual([]);
  });
});

describe('guardFormula', () => {
  it.each(["=cmd|' /C calc'!A0", '+cmd()', "-2+3+cmd|' /C calc'!A0", '@SUM(A1)', '\t=1', ' =1+1', '\r=1'])(
    'quotes %j',
    (cell) => {
      expect(guardFormula(cell)).toBe(`'${cell}`);
    },
  );
  it.each(['-122.319', '-122,319', '+5', '-1.234,5', '1e-5', '-1e5', '98125', '', 'x=1', 'a@b', '-5 %'])(
    'leaves %j',
    (cell) => {
      expect(guardFormula(cell)).toBe(cell);
    },
  );
  it('takes no longer for a long cell', { timeout: 1000 }, () => {
    const cell = `-${'1'.repeat(300_000)}${' '.repeat(300_000)}x`;
    expect(guardFormula(cell)).toBe(`'${cell}`);
  });
});
