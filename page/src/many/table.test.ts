// @vitest-environment node
import { describe, expect, it } from 'vitest';
import type { CsvError } from './csv';
import { fitCells, readTable } from './table';
import { testColumns } from './testing';

const read = (text: string, declared = {}) => readTable(text, testColumns, declared);

describe('readTable', () => {
  it('finds delimiter and decimal sign of a European file', () => {
    const table = read('\ufeffarea;rooms;zone\r\n120,5;3;A\r\n98,25;2;B\r\n');
    expect(table.delimiter).toBe(';');
    expect(table.decimal).toBe(',');
    expect(table.rows.map((row) => row.row)).toEqual([2, 3]);
  });
  it('reads cells that were pasted from a spreadsheet', () => {
    const table = read('area\trooms\tzone\n120.5\t3\tA, north\n');
    expect(table.delimiter).toBe('\t');
    expect(table.decimal).toBe('.');
    expect(table.rows[0]?.cells).toEqual(['120.5', '3', 'A, north']);
  });
  it('obeys the separator line of Excel, which is a row of its own', () => {
    const table = read('sep=;\r\narea;rooms;zone\r\n1,5;3;A, north, east, west\r\n');
    expect([table.delimiter, table.header.length, table.rows[0]?.row]).toEqual([';', 3, 3]);
    expect(read('sep=|\narea,rooms|zone\n1|A\n').header).toEqual(['area,rooms', 'zone']);
  });
  it('reads a long blank line at once', { timeout: 1000 }, () => {
    expect(() => read(' '.repeat(300_000))).toThrow();
    expect(read(`${' '.repeat(300_000)}\n\tarea;zone\n1;A\n`).header).toEqual(['area', 'zone']);
  });
  it('obeys what is declared', () => {
    const table = read('area;rooms;zone\n1,5;3;A\n', { delimiter: ';', decimal: '.' });
    expect(table.decimal).toBe('.');
  });
  it('takes names by any case and tells unknown, missing and repeated columns', () => {
    const table = read(' Area ,ROOMS,rooms,colour,,reference\n1,2,2,red,0,7\n');
    expect(table.header).toEqual(['area', 'rooms', 'rooms', 'colour', '', 'reference']);
    expect(table.unknown).toEqual(['colour']);
    expect(table.missing).toEqual(['zone']);
    expect(table.repeated).toEqual(['rooms']);
  });
  it.each(['', '\n \n', 'area,rooms,zone\n', 'area,rooms,zone\n,,\n'])('refuses %j, which has no houses', (text) => {
    try {
      read(text);
      expect.unreachable();
    } catch (error) {
      expect((error as CsvError).code).toBe('empty');
    }
  });
});

describe('fitCells', () => {
  it('cuts blank cells at the end and refuses other widths', () => {
    expect(fitCells(['1', '2', '', ' '], 2)).toEqual(['1', '2']);
    expect(fitCells(['1', '2', '3'], 2)).toBeNull();
    expect(fitCells(['1'], 2)).toBeNull();
  });
});
