import { describe, expect, it } from 'vitest';
import { interpolated, MAX_POINTS, nearestIndex, numberGrid } from './grid';

describe('numberGrid', () => {
  it('reaches beyond the usual values, in round steps', () => {
    const grid = numberGrid({ minimum: 940, maximum: 3760 }, { minimum: 290, maximum: 13540 }, true);
    expect(grid[0]).toBeLessThan(940);
    expect(grid.at(-1)).toBeGreaterThan(3760);
    expect(new Set(grid.slice(1).map((value, index) => value - (grid[index] ?? 0))).size).toBe(1);
  });
  it('never leaves what a request may hold or training saw', () => {
    const grid = numberGrid({ minimum: 1915, maximum: 2012 }, { minimum: 1900, maximum: 2015 }, true);
    expect(Math.min(...grid)).toBeGreaterThanOrEqual(1900);
    expect(Math.max(...grid)).toBeLessThanOrEqual(2015);
  });
  it('has whole values for whole numbers', () => {
    expect(numberGrid({ minimum: 2, maximum: 5 }, { minimum: 1, maximum: 33 }, true)).toEqual([1, 2, 3, 4, 5, 6]);
  });
  it.each([
    [0.001, 0.002],
    [-40, 1e6],
    [3, 3.0001],
  ])('never has more points than a request may ask for: %d to %d', (minimum, maximum) => {
    const grid = numberGrid({ minimum, maximum }, { minimum: -1e9, maximum: 1e9 }, false);
    expect(grid.length).toBeLessThanOrEqual(MAX_POINTS);
    expect(grid.length).toBeGreaterThan(5);
  });
  it('is one value where all sales have the same', () => {
    expect(numberGrid({ minimum: 4, maximum: 4 }, { minimum: 4, maximum: 4 }, true)).toEqual([4]);
  });
});

describe('interpolated', () => {
  const points = [
    { x: 1, y: 100 },
    { x: 3, y: 200 },
  ];
  it('lies on the line between two points', () => {
    expect(interpolated(points, 2)).toBe(150);
    expect(interpolated(points, 3)).toBe(200);
  });
  it('invents nothing outside', () => {
    expect(interpolated(points, 0.9)).toBeNull();
    expect(interpolated(points, 3.1)).toBeNull();
    expect(interpolated([], 1)).toBeNull();
  });
});

describe('nearestIndex', () => {
  it('finds the nearest value', () => {
    expect(nearestIndex([1, 2, 4], 3.2)).toBe(2);
    expect(nearestIndex([1, 2, 4], -9)).toBe(0);
    expect(nearestIndex([], 1)).toBe(-1);
  });
});
