// @vitest-environment node
import { describe, expect, it } from 'vitest';
import type { Sales } from '../api/sales';
import { buildScene, labelOf, nearestSale } from './scene';

const label = (text: string, latitude: number, longitude: number) => ({ text, latitude, longitude, count: 1 });

/** Four sales around 60° north, where a degree of longitude is half as long as one of latitude. */
const sales: Sales = {
  count: 4,
  labels: [label('A', 60, 10), label('B', 60.1, 10), label('C', 60, 10.15)],
  latitude: Float64Array.of(60, 60.1, 60, 60.02),
  longitude: Float64Array.of(10, 10, 10.15, 10.01),
  price: Float64Array.of(1, 2, 3, 4),
  area: null,
  day: null,
  firstDay: null,
  label: Float64Array.of(0, 1, 2, Number.NaN),
};
const scene = buildScene(sales);

describe('nearestSale', () => {
  const at = (latitude: number, longitude: number) => scene.projection.toPoint({ latitude, longitude });
  it('finds the nearest by metres, not by degrees', () => {
    expect(nearestSale(scene, at(60, 10.09), 1e6)).toBe(2);
    expect(nearestSale(scene, at(60.06, 10.0), 1e6)).toBe(1);
  });
  it('finds none beyond the radius', () => {
    expect(nearestSale(scene, at(60.05, 10.05), 100)).toBeNull();
  });
});

describe('labelOf', () => {
  it('counts from the nearest label', () => {
    // In degrees of latitude: from B, A is at 0.1 and C at 0.125; from C, A is at 0.075 and B at 0.125.
    expect([0, 1, 2].map((sale) => labelOf(scene, sale))).toEqual(['A', 'A', 'B']);
  });
  it('knows none where the sale has none, or all sales', () => {
    expect(labelOf(scene, 3)).toBeNull();
    expect(labelOf(buildScene({ ...sales, label: null }), 0)).toBeNull();
  });
});
