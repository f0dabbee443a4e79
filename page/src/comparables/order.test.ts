import { describe, expect, it } from 'vitest';
import { nextOrder, sorted } from './order';

const rows = [
  { id: 'a', price: 3 },
  { id: 'b', price: null },
  { id: 'c', price: 1 },
  { id: 'd', price: 3 },
];

describe('sorted', () => {
  it('sorts both ways, ties as before, and what is unknown last', () => {
    const ids = (descending: boolean) => sorted(rows, ({ price }) => price, descending).map(({ id }) => id);
    expect(ids(false)).toEqual(['c', 'a', 'd', 'b']);
    expect(ids(true)).toEqual(['a', 'd', 'c', 'b']);
  });
  it('leaves its input alone', () => {
    sorted(rows, ({ price }) => price, false);
    expect(rows[0]?.id).toBe('a');
  });
  it('sorts ISO dates', () => {
    expect(sorted(['2015-01-02', '2014-12-31'], (day) => day, false)).toEqual(['2014-12-31', '2015-01-02']);
  });
});

describe('nextOrder', () => {
  it('turns the same column around and starts another in its usual direction', () => {
    expect(nextOrder({ key: 'price', descending: true }, 'price', true)).toEqual({ key: 'price', descending: false });
    expect(nextOrder({ key: 'price', descending: true }, 'date', false)).toEqual({ key: 'date', descending: false });
  });
});
