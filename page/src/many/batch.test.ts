// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { type BlockAnswer, BlockRefusedError, priceTable, type RowResult } from './batch';
import { parseCsv } from './csv';
import { readTable } from './table';
import { testColumns } from './testing';

/** A server that refuses rooms that are no number, with at most `limit` errors an answer. */
function server(limit = 100) {
  const sent: string[] = [];
  const send = async (csv: string): Promise<BlockAnswer> => {
    sent.push(csv);
    const [, ...rows] = parseCsv(csv, csv.includes(';') ? ';' : ',');
    const errors = rows.flatMap(({ cells }, position) =>
      Number.isNaN(Number(cells[1]))
        ? [{ type: 'int_parsing', loc: ['body', position, 'rooms'], msg: `rooms is ${cells[1]}` }]
        : [],
    );
    return errors.length > 0
      ? { errors: errors.slice(0, limit) }
      : { predictions: rows.map(({ cells }) => prediction(Number(cells[1]) * 1000)) };
  };
  return { sent, send };
}

const prediction = (price: number) => ({
  predicted_price: price,
  prediction_interval: [price * 0.8, price * 1.2] as [number, number],
  fsd: 0.1,
  confidence: 90,
  warnings: [],
});

async function price(lines: string[], maxRows: number, limit?: number) {
  const table = readTable(['area,rooms,zone', ...lines].join('\n'), testColumns);
  const results: RowResult[] = table.rows.map(() => null);
  const { sent, send } = server(limit);
  await priceTable(
    table,
    send,
    (index, result) => {
      results[index] = result;
    },
    maxRows,
  );
  return { results, sent };
}

const priceOf = (result: RowResult | undefined) =>
  result && 'prediction' in result ? result.prediction.predicted_price : null;

describe('priceTable', () => {
  it('gives each row its own price, across blocks', async () => {
    const { results, sent } = await price(['1,1,A', '1,2,A', '1,3,A', '1,4,A', '1,5,A'], 2);
    expect(results.map(priceOf)).toEqual([1000, 2000, 3000, 4000, 5000]);
    expect(sent).toHaveLength(3);
  });
  it('prices the valid rows beside invalid ones and reports those by column', async () => {
    const { results } = await price(['1,1,A', '1,x,A', '1,3,A', '1,y,A'], 500);
    expect(results.map(priceOf)).toEqual([1000, null, 3000, null]);
    expect(results[3]).toEqual({
      errors: [{ column: 'rooms', type: 'int_parsing', message: 'rooms is y' }],
    });
  });
  it('finds all invalid rows when the server shows only some of the errors', async () => {
    const { results } = await price(['1,a,A', '1,2,A', '1,b,A', '1,c,A', '1,5,A'], 500, 1);
    expect(results.map(priceOf)).toEqual([null, 2000, null, null, 5000]);
  });
  it('never sends a row of another width', async () => {
    const { results, sent } = await price(['1,1', '1,2,A,extra', '1,3,A'], 500);
    expect(results.map((result) => result && 'errors' in result && result.errors[0]?.type)).toEqual([
      'row_width',
      'row_width',
      false,
    ]);
    expect(sent.join('')).not.toContain('extra');
  });
  it('sends nothing when no row is left', async () => {
    const { sent } = await price(['1,x,A'], 500);
    expect(sent).toHaveLength(1);
  });
  it('stops when the block as a whole is refused', async () => {
    const table = readTable('area,rooms,zone\n1,2,A', testColumns);
    const send = async () => ({ errors: [{ type: 'header_invalid', loc: ['body'], msg: 'no' }] });
    await expect(priceTable(table, send, () => {}, 500)).rejects.toBeInstanceOf(BlockRefusedError);
  });
});
