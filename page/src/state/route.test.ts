import { expect, test } from 'vitest';
import type { PageConfig } from '../api/page_config';
import { madeColumn } from '../testing/made_config';
import { house, replaceHouse } from './house';
import { parseFragment, showView, startRouting, writeFragment } from './route';

const config = {
  columns: [
    madeColumn('area', { kind: 'number' }),
    madeColumn('grade', { kind: 'ordinal', choices: [1, 2, 'A&B'].map((value) => ({ value, count: null })) }),
    madeColumn('zip code', { kind: 'category' }),
    madeColumn('sea', { kind: 'flag' }),
    madeColumn('day', { kind: 'date' }),
  ],
} as PageConfig;

test('a house comes back from its own link, whatever its texts hold', () => {
  const house = { area: 12.5, grade: 'A&B', 'zip code': '<b>#?&=%</b>', sea: false, day: '2015-05-27' };
  expect(parseFragment(writeFragment('many', house, config), config)).toEqual({ view: 'many', house, ignored: [] });
});

test('empty fields are left out of the link, and empty when it is read', () => {
  const fragment = writeFragment('estimate', { area: 1, grade: null }, config);
  expect(fragment).toBe('#/estimate?area=1');
  expect(parseFragment(fragment, config).house).toEqual({
    area: 1,
    grade: null,
    'zip code': null,
    sea: null,
    day: null,
  });
});

test.each(['pool=1', 'grade=9', 'sea=maybe', 'area=', 'area=Infinity', 'area=1e999', 'day=tomorrow', '__proto__=1'])(
  'what the model cannot take is named: %s',
  (query) => {
    const parsed = parseFragment(`#/estimate?${query}`, config);
    expect(parsed.ignored).toEqual([query.split('=')[0]]);
    expect(parsed.house).toBeNull();
  },
);

test('an unknown view is the estimate', () => {
  expect(parseFragment('#/nowhere', config).view).toBe('estimate');
  expect(parseFragment('', config).view).toBe('estimate');
});

test('the way back leads to what was typed before, and keeps the way forward', async () => {
  const numbers = { columns: [madeColumn('area')] } as PageConfig;
  history.replaceState(null, '', '#/many?area=1');
  startRouting(numbers);
  replaceHouse({ area: 2 });
  showView('estimate');
  expect(location.hash).toBe('#/estimate?area=2');
  const pages = history.length;
  const gone = new Promise((resolve) => window.addEventListener('popstate', resolve, { once: true }));
  history.back();
  await gone;
  expect([location.hash, history.length, house.value]).toEqual(['#/many?area=2', pages, { area: 2 }]);
});
