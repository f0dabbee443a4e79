import { expect, it } from 'vitest';
import { marketTrend } from './history_plot';

const month = (price: number, index: number) => ({ label: '', price, low: 0, high: 0, index });

it('is not drawn where the value moves with the market', () => {
  expect(marketTrend([month(500_000, 100), month(507_100, 101.42)])).toBeNull();
  expect(marketTrend([])).toBeNull();
});

it('begins at the value of the first month where the house moves otherwise', () => {
  expect(marketTrend([month(500_000, 50), month(500_000, 55)])).toEqual([500_000, 550_000]);
});
