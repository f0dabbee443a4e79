import { beforeEach, expect, it } from 'vitest';
import type { Comparable } from '../api/answers';
import { excludedSales } from '../state/selection';
import { leaveOut, tableRows, useAgain } from './left_out';

const sale = (id: string) => ({ id, distance: 0.1 }) as Comparable;
const house = { area: 100 };

beforeEach(() => {
  excludedSales.value = [];
});

it('keeps a sale that is left out in the table, though the server no longer names it', () => {
  leaveOut(sale('b'), house);
  expect(excludedSales.value).toEqual(['b']);
  expect(tableRows([sale('a'), sale('c')], house).map(({ sale: { id }, used }) => [id, used])).toEqual([
    ['a', true],
    ['c', true],
    ['b', false],
  ]);
});

it('does not show it twice while the answer from before is still there', () => {
  leaveOut(sale('b'), house);
  expect(tableRows([sale('a'), sale('b')], house)).toHaveLength(2);
});

it('takes it back', () => {
  leaveOut(sale('b'), house);
  useAgain('b');
  expect(excludedSales.value).toEqual([]);
  expect(tableRows([sale('a'), sale('b')], house).every(({ used }) => used)).toBe(true);
});

it('remembers which house it was compared with', () => {
  leaveOut(sale('b'), house);
  expect(tableRows([], { area: 120 })[0]?.current).toBe(false);
  expect(tableRows([], house)[0]?.current).toBe(true);
});
