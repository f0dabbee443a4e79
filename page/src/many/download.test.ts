// @vitest-environment node
import { describe, expect, it } from 'vitest';
import type { RowResult } from './batch';
import { parseCsv } from './csv';
import { resultCsv, templateCsv } from './download';
import { readTable } from './table';
import { testColumns } from './testing';

const priced: RowResult = {
  prediction: {
    predicted_price: 1234.5,
    prediction_interval: [1000, 1500.25],
    fsd: 0.1,
    confidence: 90,
    warnings: [{ column: 'zone', kind: 'unknown_category', message: '=zone is odd' }],
  },
};

describe('resultCsv', () => {
  const table = readTable('area;rooms;zone;note\n-1,5;2;A;"=cmd|\' /C calc\'!A0"\n2,5;x;B;<b>\n', testColumns);
  const results = [priced, { errors: [{ column: 'rooms', type: 'int_parsing', message: 'rooms is x' }] }];
  const rows = (keepUnknown: boolean) =>
    parseCsv(resultCsv(table, results, { keepUnknown }).slice(1), ';').map((row) => row.cells);

  it('writes numbers as the file does and keeps the rows as they were', () => {
    const [header, first] = rows(true);
    expect(header?.slice(0, 5)).toEqual(['area', 'rooms', 'zone', 'note', 'predicted_price']);
    expect(first?.slice(0, 3)).toEqual(['-1,5', '2', 'A']);
    expect(first?.slice(4, 9)).toEqual(['1234,50', '1000,00', '1500,25', '0,100000', '90,00']);
  });
  it('lets no cell become a formula', () => {
    const [, first] = rows(true);
    expect(first?.[3]).toBe("'=cmd|' /C calc'!A0");
    expect(first?.[9]).toBe("'=zone is odd");
  });
  it('gives the errors of a row that has no price', () => {
    const [, , second] = rows(true);
    expect(second?.at(-1)).toBe('rooms is x');
    expect(second?.slice(4, 10).join('')).toBe('');
  });
  it('leaves unknown columns out on wish', () => {
    expect(rows(false)[0]).not.toContain('note');
  });
  it('replaces the columns of an earlier answer', () => {
    const again = readTable('area,rooms,zone,predicted_price\n1,2,A,999\n', testColumns);
    const text = resultCsv(again, [priced], { keepUnknown: true });
    expect(text).not.toContain('999');
    expect(text.split('predicted_price')).toHaveLength(2);
  });
});

describe('templateCsv', () => {
  it.each(['.', ','] as const)('can be read back, with decimal %j', (decimal) => {
    const table = readTable(templateCsv(testColumns, decimal), testColumns);
    expect(table.missing).toEqual([]);
    expect(table.unknown).toEqual([]);
    expect(table.decimal).toBe(decimal);
    expect(table.rows[0]?.cells).toEqual([`120${decimal}5`, '3', 'A']);
  });
});
