import { beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { madeConfig } from '../testing/made_config';
import { config } from './config';
import { comparables, estimate, explanation, setVisible, startEstimates } from './estimate';
import { house, replaceHouse, setField, setFields, typicalHouse } from './house';
import { showView, startRouting, view } from './route';
import { excludedSales } from './selection';

const asked: { path: string; body: unknown }[] = [];

let comparableSales = '{"comparables": []}';

beforeAll(() => {
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    asked.push({ path, body: JSON.parse(String(init.body)) });
    if (path.startsWith('comparables')) return new Response(comparableSales);
    return new Response('{"predicted_price": 1, "valuation": {}, "contributions": []}');
  });
  config.value = madeConfig;
  startRouting(madeConfig);
  startEstimates();
});

beforeEach(async () => {
  showView('estimate');
  excludedSales.value = [];
  replaceHouse(typicalHouse(madeConfig));
  await vi.waitUntil(() => estimate.value.status === 'ready');
  asked.length = 0;
});

test('the page begins with the typical house, and asks without what is empty', async () => {
  expect(house.value).toEqual(typicalHouse(madeConfig));
  setFields({ grade: null, rooms: 5 });
  await vi.waitUntil(() => estimate.value.status === 'ready');
  expect(asked[0]).toEqual({
    path: 'predict?include=valuation',
    body: { area: 1600, rooms: 5, 'place name': '<b>3</b>', pool: false },
  });
});

test('setting what is set already asks for nothing', () => {
  setField('rooms', house.value.rooms ?? null);
  expect(asked).toEqual([]);
  expect(estimate.value.status).toBe('ready');
});

test('a part is asked for once it is visible', async () => {
  setField('rooms', 6);
  await vi.waitUntil(() => estimate.value.status === 'ready');
  expect(asked.map(({ path }) => path)).not.toContain('explain');
  setVisible('explanation', true);
  await vi.waitUntil(() => explanation.value.status === 'ready');
  expect(asked.at(-1)?.path).toBe('explain');
});

test('comparables are asked for again without the sales that are left out', async () => {
  await vi.waitUntil(() => comparables.value.status === 'ready');
  excludedSales.value = ['21132d5d45cc', '192c1c5b4ada'];
  expect(comparables.value.status).toBe('stale');
  await vi.waitUntil(() => comparables.value.status === 'ready');
  expect(asked.at(-1)?.path).toBe('comparables?exclude=21132d5d45cc,192c1c5b4ada');
});

test('a part that somebody else answers failed, and the estimate stays', async () => {
  await vi.waitUntil(() => comparables.value.status === 'ready');
  comparableSales = '{"login": "please"}';
  excludedSales.value = ['192c1c5b4ada'];
  await vi.waitUntil(() => comparables.value.status === 'failed');
  expect(comparables.value.data).toEqual({ comparables: [] });
  expect(estimate.value.status).toBe('ready');
  comparableSales = '{"comparables": []}';
});

test('picking a place and changing the view can be undone by the back button, typing cannot', async () => {
  const before = history.length;
  setField('rooms', 7, { typing: true });
  await vi.waitUntil(() => location.hash.includes('rooms=7'));
  expect(history.length).toBe(before);
  setField('rooms', 8, { push: true });
  expect(location.hash).toContain('rooms=8');
  showView('many');
  expect(location.hash).toMatch(/^#\/many\?/);
  expect(history.length).toBe(before + 2);
});

test('an address that is entered is followed', () => {
  history.replaceState(null, '', '#/model?rooms=2');
  window.dispatchEvent(new PopStateEvent('popstate'));
  expect([view.value, house.value.rooms, house.value.area]).toEqual(['model', 2, null]);
});

test('no other view asks for estimates', async () => {
  showView('model');
  setField('rooms', 9);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(asked).toEqual([]);
});
