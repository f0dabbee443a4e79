import { describe, expect, it } from 'vitest';
import type { Comparable } from '../api/answers';
import { madeColumn } from '../testing/made_config';
import { placeOf, saleColumns, similarity } from './columns';

const columns = [
  madeColumn('lat', { role: 'latitude' }),
  madeColumn('lon', { role: 'longitude' }),
  madeColumn('m2', { role: 'living_area' }),
];
const sale = (house: Comparable['house'], given: Partial<Comparable> = {}): Comparable => ({
  id: 'a',
  sale_date: '2015-01-02',
  price: 100,
  time_adjusted_price: 100,
  adjusted_price: 110,
  adjustments: [],
  distance: 0.1,
  weight: 1,
  alike_in: [],
  different_in: [],
  text: '',
  house,
  ...given,
});
const row = (one: Comparable, current = true) => ({ sale: one, used: current, current });

describe('saleColumns', () => {
  const here = { lat: 47, lon: 8, m2: 100 };
  const keys = (one: Comparable, house = here) => saleColumns([row(one)], house, columns).map(({ key }) => key);

  it('shows every column that the sales can fill', () => {
    expect(keys(sale({ lat: 47, lon: 8, m2: 90 }))).toEqual([
      'similarity',
      'price',
      'date',
      'adjusted',
      'area',
      'away',
    ]);
  });
  it('says nothing of dates, areas or distances that the data do not have', () => {
    expect(keys(sale({ m2: null }, { sale_date: null }))).toEqual(['similarity', 'price', 'adjusted']);
  });
  it('knows no similarity and no adjusted price of a sale that was compared with another house', () => {
    const [first] = saleColumns([row(sale(here), false)], here, columns);
    expect(first?.value(row(sale(here), false))).toBeNull();
    expect(first?.value(row(sale(here)))).toBeCloseTo(0.9);
  });
});

describe('placeOf', () => {
  it('is null unless both coordinates are numbers', () => {
    expect(placeOf({ lat: 47, lon: 8 }, columns)).toEqual({ latitude: 47, longitude: 8 });
    expect(placeOf({ lat: 47, lon: null }, columns)).toBeNull();
    expect(placeOf({ lat: '47', lon: '8' }, columns)).toBeNull();
    expect(placeOf({ lat: 47, lon: 8 }, [])).toBeNull();
  });
});

describe('similarity', () => {
  it('is never negative', () => {
    expect(similarity({ distance: 0.005 })).toBeCloseTo(0.995);
    expect(similarity({ distance: 3 })).toBe(0);
  });
});
