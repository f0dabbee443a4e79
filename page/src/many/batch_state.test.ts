import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { PageConfig } from '../api/page_config';
import { testColumns } from './testing';

type Answer = () => Response | Promise<Response>;

let answers: Answer[];
let sent: { path: string; init: RequestInit }[];

/** A price of 1,000 for each row after the header. */
function priced(body: string): Response {
  const rows = body.trim().split('\r\n').slice(1);
  const predictions = rows.map(() => ({
    predicted_price: 1000,
    prediction_interval: [800, 1200],
    fsd: 0.1,
    confidence: 90,
    warnings: [],
  }));
  return new Response(JSON.stringify({ predictions }));
}

const refused = (...loc: (string | number)[]) =>
  new Response(JSON.stringify({ detail: [{ type: 'int_parsing', loc, msg: 'no' }] }), { status: 422 });
const busy = () => new Response('{"detail": "busy"}', { status: 503, headers: { 'retry-after': '7' } });

/** Return the state of a fresh page that was given a table. */
async function taken(text: string) {
  const { config } = await import('../state/config');
  config.value = { columns: testColumns, max_rows: 2 } as unknown as PageConfig;
  const state = await import('./batch_state');
  state.takeText('houses.csv', text);
  return state;
}

beforeEach(() => {
  vi.resetModules();
  vi.useFakeTimers();
  [answers, sent] = [[], []];
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    sent.push({ path, init });
    init.signal?.throwIfAborted();
    return (answers.shift() ?? (() => priced(String(init.body))))();
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('sends blocks as large as the server takes, and says how they are written', async () => {
  const state = await taken('area;rooms;zone;note\n1,5;1;A;x\n2,5;2;A;y\n3,5;3;A;z\n');
  await state.priceAll();
  expect(state.run.value.status).toBe('done');
  expect(state.results.value.every((result) => result && 'prediction' in result)).toBe(true);
  expect(sent.map(({ path }) => path)).toEqual(['batch-predict', 'batch-predict']);
  expect(sent[0]?.init.body).toBe('area;rooms;zone\r\n1,5;1;A\r\n2,5;2;A\r\n');
  expect(new Headers(sent[0]?.init.headers).get('content-type')).toBe('text/csv; delimiter=";"; decimal=","');
});

it('waits as long as a busy server asks for, then goes on', async () => {
  const state = await taken('area,rooms,zone\n1,1,A\n');
  answers = [busy];
  const running = state.priceAll();
  await vi.advanceTimersByTimeAsync(6900);
  expect(state.run.value.retryAt).not.toBeNull();
  expect(sent).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(200);
  await running;
  expect([state.run.value.status, sent.length]).toEqual(['done', 2]);
});

it('keeps what was priced when it is cancelled, and goes on from there', async () => {
  const state = await taken('area,rooms,zone\n1,1,A\n1,2,A\n1,3,A\n');
  answers = [() => priced(String(sent[0]?.init.body)), busy];
  const running = state.priceAll();
  await vi.advanceTimersByTimeAsync(10);
  state.cancel();
  await running;
  expect(state.run.value.status).toBe('cancelled');
  expect(state.results.value.map((result) => result !== null)).toEqual([true, true, false]);
  await state.priceAll();
  expect(state.run.value.status).toBe('done');
  expect(sent.at(-1)?.init.body).toBe('area,rooms,zone\r\n1,3,A\r\n');
});

it('reports a row that the server refuses and prices the one beside it', async () => {
  const state = await taken('area,rooms,zone\n1,x,A\n1,2,A\n');
  answers = [() => refused('body', 0, 'rooms')];
  await state.priceAll();
  expect(state.results.value[0]).toEqual({ errors: [{ column: 'rooms', type: 'int_parsing', message: 'no' }] });
  expect(state.results.value[1]).toHaveProperty('prediction');
});

it.each([
  ['a whole block is refused', () => refused('body'), 'invalid'],
  ['the server fails', () => new Response('{}', { status: 500 }), 'failed'],
  ['the API key is missing', () => new Response('{}', { status: 401 }), 'unauthorised'],
  ['a proxy answers with a page of its own', () => new Response('<html>'), 'failed'],
  ['a proxy answers with JSON of its own', () => new Response('null'), 'failed'],
  ['a prediction is lacking', () => new Response('{"predictions": []}'), 'failed'],
])('stops without a price when %s', async (_, answer, kind) => {
  const state = await taken('area,rooms,zone\n1,1,A\n');
  answers = [answer];
  await state.priceAll();
  expect(state.run.value).toMatchObject({ status: 'failed', problem: { kind } });
  expect(state.results.value).toEqual([null]);
});

it('forgets the results of a table when another is taken while it is priced', async () => {
  const state = await taken('area,rooms,zone\n1,1,A\n1,2,A\n1,3,A\n');
  answers = [() => priced(String(sent[0]?.init.body)), busy];
  const running = state.priceAll();
  await vi.advanceTimersByTimeAsync(10);
  state.takeText('other.csv', 'area,rooms,zone\n1,1,B\n');
  await running;
  expect(state.run.value.status).toBe('idle');
  expect(state.results.value).toEqual([]);
});
