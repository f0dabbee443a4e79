import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Question, Scheduler } from './scheduler';

/** Requests that wait until the test answers them. */
interface Asked {
  path: string;
  body: unknown;
  signal: AbortSignal;
  answer: (data: unknown, init?: ResponseInit) => Promise<void>;
  fail: () => Promise<void>;
}

let asked: Asked[];

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    init.signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
    const settle = async (action: () => void) => {
      action();
      await vi.advanceTimersByTimeAsync(0);
    };
    asked.push({
      path,
      body: JSON.parse(String(init.body)),
      signal: init.signal as AbortSignal,
      answer: (data, more) => settle(() => resolve(new Response(JSON.stringify(data), more))),
      fail: () => settle(() => reject(new TypeError('refused'))),
    });
    return promise;
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function made() {
  let rooms = 1;
  let isPartWanted = true;
  const question = (path: string): Question => ({ path, body: { rooms }, house: { rooms } });
  const scheduler = new Scheduler();
  const headline = scheduler.add<{ price: number }>(() => question('predict'), { leads: true });
  const part = scheduler.add<{ text: string }>(() => (isPartWanted ? question('explain') : null));
  const change = async (next: number, delay = 0) => {
    rooms = next;
    scheduler.update(delay);
    await vi.advanceTimersByTimeAsync(0);
  };
  const want = async (isWanted: boolean) => {
    isPartWanted = isWanted;
    scheduler.update();
    await vi.advanceTimersByTimeAsync(0);
  };
  return { scheduler, headline, part, change, want };
}

test('the headline comes first, then the part', async () => {
  const { headline, part, change } = made();
  await change(2);
  expect(asked.map(({ path }) => path)).toEqual(['predict']);
  expect(headline.value.status).toBe('loading');
  await asked[0]?.answer({ price: 5 });
  expect(headline.value).toMatchObject({ status: 'ready', data: { price: 5 }, house: { rooms: 2 } });
  expect(asked.map(({ path }) => path)).toEqual(['predict', 'explain']);
  await asked[1]?.answer({ text: 'why' });
  expect(part.value).toMatchObject({ status: 'ready', data: { text: 'why' } });
  expect(asked).toHaveLength(2);
});

test('what is typed within the pause is asked once, and old answers are stale at once', async () => {
  const { headline, change } = made();
  await change(2);
  await asked[0]?.answer({ price: 5 });
  for (const rooms of [3, 4, 5]) {
    await change(rooms, 120);
    expect(headline.value.status).toBe('stale');
    await vi.advanceTimersByTimeAsync(100);
  }
  await vi.advanceTimersByTimeAsync(20);
  expect(asked.filter(({ path }) => path === 'predict').map(({ body }) => body)).toEqual([{ rooms: 2 }, { rooms: 5 }]);
});

test('while somebody types, parts and errors wait for the end of the number', async () => {
  const { headline, change } = made();
  await change(2);
  await asked[0]?.answer({ price: 2 });
  await asked[1]?.answer({ text: 'why' });
  await change(1, 25);
  await vi.advanceTimersByTimeAsync(25);
  await asked[2]?.answer({ detail: [] }, { status: 422 });
  expect(headline.value.status).toBe('stale');
  await change(17, 25);
  await vi.advanceTimersByTimeAsync(25);
  await asked[3]?.answer({ price: 17 });
  expect(headline.value).toMatchObject({ status: 'ready', data: { price: 17 } });
  expect(asked).toHaveLength(4);
  await vi.advanceTimersByTimeAsync(250);
  expect(asked[4]?.path).toBe('explain');
  await change(-1, 25);
  await vi.advanceTimersByTimeAsync(25);
  await asked[5]?.answer({ detail: [] }, { status: 422 });
  await vi.advanceTimersByTimeAsync(250);
  expect(headline.value.status).toBe('failed');
});

test('a request that is overtaken is aborted, and its answer never shown', async () => {
  const { headline, change } = made();
  await change(2);
  await change(3);
  expect(asked[0]?.signal.aborted).toBe(true);
  await asked[0]?.answer({ price: 2 });
  expect(headline.value.data).toBeNull();
  await asked[1]?.answer({ price: 3 });
  expect(headline.value).toMatchObject({ status: 'ready', data: { price: 3 }, house: { rooms: 3 } });
});

test('a change and back again asks for nothing that is known', async () => {
  const { headline, change } = made();
  await change(2);
  await asked[0]?.answer({ price: 2 });
  await asked[1]?.answer({ text: 'why' });
  await change(3, 120);
  expect(headline.value.status).toBe('stale');
  await change(2, 120);
  await vi.advanceTimersByTimeAsync(200);
  expect(asked).toHaveLength(2);
  expect(headline.value).toMatchObject({ status: 'ready', data: { price: 2 } });
});

test('a part that is no longer wanted is aborted, and asked for when it is wanted again', async () => {
  const { part, change, want } = made();
  await change(2);
  await asked[0]?.answer({ price: 5 });
  await want(false);
  expect(asked[1]?.signal.aborted).toBe(true);
  await want(true);
  await asked[2]?.answer({ text: 'why' });
  expect(part.value.status).toBe('ready');
});

test('an invalid house fails at once, is not asked again, and its parts are not asked for', async () => {
  const { scheduler, headline, change } = made();
  await change(-1);
  const faults = [{ type: 'greater_than_equal', loc: ['body', 'rooms'], msg: 'too few' }];
  await asked[0]?.answer({ detail: faults }, { status: 422 });
  expect(headline.value).toMatchObject({ status: 'failed', problem: { kind: 'invalid', faults } });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(1);
  expect(scheduler.retryAt.value).toBeNull();
  await change(2);
  await asked[1]?.answer({ price: 5 });
  expect(headline.value).toMatchObject({ status: 'ready', problem: null });
});

test('a busy server is asked again when it says so', async () => {
  const { scheduler, headline, change } = made();
  await change(2);
  await asked[0]?.answer({ detail: 'busy' }, { status: 503, headers: { 'retry-after': '7' } });
  expect(headline.value).toMatchObject({ status: 'failed', problem: { kind: 'busy' } });
  expect(scheduler.retryAt.value).toBe(Date.now() + 7000);
  await vi.advanceTimersByTimeAsync(6000);
  await change(3);
  await vi.advanceTimersByTimeAsync(900);
  expect(asked).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(200);
  await asked[1]?.answer({ price: 5 });
  expect(headline.value.status).toBe('ready');
  expect(scheduler.retryAt.value).toBeNull();
});

test('a server that is away is asked after longer and longer pauses, and by hand', async () => {
  const { scheduler, headline, change } = made();
  await change(2);
  await asked[0]?.fail();
  await vi.advanceTimersByTimeAsync(1000);
  await asked[1]?.fail();
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked).toHaveLength(3);
  await asked[2]?.fail();
  scheduler.retry();
  await vi.advanceTimersByTimeAsync(0);
  await asked[3]?.answer({ price: 5 });
  expect(headline.value.status).toBe('ready');
});

test('what nobody looks at waits until the others have their answers', async () => {
  const scheduler = new Scheduler();
  const add = (path: string, background: boolean) =>
    scheduler.add<number>(() => ({ path, body: {}, house: {}, background }));
  add('predict', false);
  const hidden = add('explain', true);
  add('history', true);
  add('comparables', false);
  scheduler.update();
  await vi.advanceTimersByTimeAsync(0);
  for (let index = 0; index < 4; index += 1) await asked[index]?.answer(index);
  expect(asked.map(({ path }) => path)).toEqual(['predict', 'comparables', 'explain', 'history']);
  expect(hidden.value).toMatchObject({ status: 'ready', data: 2 });
});
