// @vitest-environment node
// Its headers are as strict as those of browsers.
import { afterEach, expect, test, vi } from 'vitest';
import { apiKey, keyIsRefused } from '../state/settings';
import { ApiError, getJson, postJson } from './client';

afterEach(() => {
  vi.unstubAllGlobals();
  apiKey.value = '';
  keyIsRefused.value = false;
});

function serve(response: () => Response) {
  const fetched = vi.fn(async (_path: string, _init: RequestInit) => response());
  vi.stubGlobal('fetch', fetched);
  return fetched;
}

async function problem(response: () => Response): Promise<ApiError> {
  serve(response);
  return getJson('model').then(
    () => Promise.reject(new Error('no error')),
    (error) => error as ApiError,
  );
}

test('data come back, and the key goes along', async () => {
  apiKey.value = 'secret';
  const fetched = serve(() => new Response('{"price": 1}'));
  expect(await postJson('predict', { rooms: 3 })).toEqual({ price: 1 });
  const [path, init] = fetched.mock.calls[0] ?? [];
  expect([path, init?.method, init?.body]).toEqual(['predict', 'POST', '{"rooms":3}']);
  expect(new Headers(init?.headers).get('x-api-key')).toBe('secret');
});

test.each([
  [422, 'invalid'],
  [413, 'invalid'],
  [401, 'unauthorised'],
  [404, 'missing'],
  [429, 'busy'],
  [503, 'busy'],
  [502, 'offline'],
  [500, 'failed'],
])('%i is %s', async (status, kind) => {
  const found = await problem(() => new Response('<h1>a page of a proxy</h1>', { status }));
  expect(found).toBeInstanceOf(ApiError);
  expect([found.kind, found.status]).toEqual([kind, status]);
  expect(keyIsRefused.value).toBe(status === 401);
});

test('the errors and the code of a refusal are kept', async () => {
  const faults = [{ type: 'missing', loc: ['body', 'area'], msg: 'why', line: 3 }];
  expect((await problem(() => new Response(JSON.stringify({ detail: faults }), { status: 422 }))).faults).toEqual(
    faults,
  );
  const coded = await problem(() => new Response('{"detail": "why", "code": "sale_not_found"}', { status: 404 }));
  expect([coded.code, coded.message, coded.faults]).toEqual(['sale_not_found', 'why', []]);
});

test('what was preloaded without the key is asked for again with it', async () => {
  apiKey.value = 'secret';
  const answers = [new Response('{}', { status: 401 }), new Response('{"columns": []}')];
  serve(() => answers.shift() as Response);
  expect(await getJson('page-config')).toEqual({ columns: [] });
  expect(keyIsRefused.value).toBe(false);
});

test('errors that are none of the API are left out', async () => {
  const detail = [null, 1, 'why', {}, { type: 'missing', loc: 'body', msg: 'why' }];
  expect((await problem(() => new Response(JSON.stringify({ detail }), { status: 422 }))).faults).toEqual([]);
});

test('a key that no header can hold is refused like any other', async () => {
  apiKey.value = 'clé\u2019 ключ';
  expect((await problem(() => new Response('{}'))).kind).toBe('unauthorised');
  expect(keyIsRefused.value).toBe(true);
});

test.each([
  ['7', 7],
  [new Date(Date.now() + 20_000).toUTCString(), 20],
  ['-5', 0],
  ['soon', null],
  ['999999', 600],
])('Retry-After %s', async (header, seconds) => {
  const found = await problem(() => new Response('', { status: 503, headers: { 'retry-after': header } }));
  if (seconds === null) expect(found.retryAfter).toBeNull();
  else expect(Math.abs((found.retryAfter ?? Number.NaN) - seconds)).toBeLessThan(2);
});

test('a server that is away, and a page that is no JSON', async () => {
  expect((await problem(() => Promise.reject(new TypeError('refused')) as never)).kind).toBe('offline');
  expect((await problem(() => new Response('<h1>Sign in</h1>'))).kind).toBe('failed');
});

test('an abort stays an abort', async () => {
  const controller = new AbortController();
  vi.stubGlobal('fetch', async () => {
    controller.abort();
    throw controller.signal.reason;
  });
  await expect(getJson('model', controller.signal)).rejects.not.toBeInstanceOf(ApiError);
});
