// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { coverageByFifth, wilson } from './facts';

describe('coverageByFifth', () => {
  it('takes the fifths of each measure and nothing else', () => {
    const found = coverageByFifth({
      'price, fifth 1 (84,000 to 314,950)': { sales: 643, coverage: 0.88 },
      'price, fifth 2 (314,950 to 420,000)': { sales: 648, coverage: 0.93 },
      'living area, fifth 1 (390 to 1,300)': { sales: 657, coverage: 0.89 },
      'zipcode 98053': { sales: 53, coverage: 0.9 },
      'year built, fifth 1 (1900 to 1947)': { sales: 0 },
    });
    expect([...found.keys()]).toEqual(['price', 'living area']);
    expect(found.get('price')?.map((one) => [one.fifth, one.range, one.coverage])).toEqual([
      [1, '84,000 to 314,950', 0.88],
      [2, '314,950 to 420,000', 0.93],
    ]);
  });
  it('is empty without slices', () => expect(coverageByFifth(undefined).size).toBe(0));
});

describe('wilson', () => {
  it('gives the published interval of 81 of 263', () => {
    // Newcombe 1998, table I, method 3.
    const { low, high } = wilson(81 / 263, 263);
    expect(low).toBeCloseTo(0.2553, 4);
    expect(high).toBeCloseTo(0.3662, 4);
  });
  it('stays between 0 and 1 at the ends', () => {
    expect(wilson(0, 10).low).toBeCloseTo(0, 12);
    expect(wilson(1, 10).high).toBeCloseTo(1, 12);
  });
});
