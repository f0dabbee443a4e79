// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { classColours, rampColour } from './colours';
import { placeLabels } from './labels';
import { Projection } from './projection';
import { classify, innerRange, NO_CLASS, quantileBreaks } from './quantiles';
import { scaleBar } from './scale_bar';
import { clamp, fitBounds, pan, toScreen, toWorld, zoomAt } from './viewport';

const size = { width: 800, height: 600 };
const bounds = { minX: -4000, minY: -3000, maxX: 4000, maxY: 3000 };

describe('Projection', () => {
  const projection = new Projection({ latitude: 47.5, longitude: -122 });
  it('returns to the place it came from', () => {
    const place = { latitude: 47.721, longitude: -122.319 };
    const back = projection.toPlace(projection.toPoint(place));
    expect(back.latitude).toBeCloseTo(place.latitude, 10);
    expect(back.longitude).toBeCloseTo(place.longitude, 10);
  });
  it('has north above and east at the right, in metres', () => {
    const point = projection.toPoint({ latitude: 47.51, longitude: -121.99 });
    expect(point.y).toBeCloseTo(-1112, 0);
    expect(point.x).toBeCloseTo(751, 0);
  });
  it('stays finite at a pole', () => {
    expect(Number.isFinite(new Projection({ latitude: 90, longitude: 0 }).toPlace({ x: 1000, y: 0 }).longitude)).toBe(
      true,
    );
  });
});

describe('viewport', () => {
  const whole = fitBounds(bounds, size);
  it('fits everything inside the margin', () => {
    const corner = toScreen({ x: bounds.minX, y: bounds.minY }, whole, size);
    expect(corner.x).toBeGreaterThanOrEqual(24 - 1e-9);
    expect(corner.y).toBeGreaterThanOrEqual(24 - 1e-9);
  });
  it('fits a single place without dividing by zero', () => {
    const one = fitBounds({ minX: 5, maxX: 5, minY: 7, maxY: 7 }, size);
    expect(one.centre).toEqual({ x: 5, y: 7 });
    expect(Number.isFinite(one.scale)).toBe(true);
  });
  it('keeps what is under the pointer while zooming', () => {
    const pixel = { x: 123, y: 456 };
    const before = toWorld(pixel, whole, size);
    const after = toWorld(pixel, zoomAt(whole, pixel, 3.7, size, whole), size);
    expect(after.x).toBeCloseTo(before.x, 6);
    expect(after.y).toBeCloseTo(before.y, 6);
  });
  it('limits the zoom at both ends', () => {
    const middle = { x: 400, y: 300 };
    expect(zoomAt(whole, middle, 1e9, size, whole).scale).toBe(2);
    expect(zoomAt(whole, middle, 1e-9, size, whole).scale).toBe(whole.scale / 2);
  });
  it('moves with the pointer, and never away from the sales', () => {
    const moved = pan(whole, 80, 0);
    expect(toScreen(whole.centre, moved, size).x).toBeCloseTo(480, 6);
    expect(clamp(pan(whole, -1e9, 1e9), bounds).centre).toEqual({ x: 4000, y: -3000 });
  });
});

describe('quantiles', () => {
  it('cuts into groups of equal size', () => {
    const values = Float64Array.from({ length: 700 }, (_, index) => (index * 37) % 700);
    const breaks = quantileBreaks(values, 7);
    expect(breaks).toEqual([100, 200, 300, 400, 500, 600]);
    const counts = new Array<number>(7).fill(0);
    for (const one of classify(values, breaks)) counts[one] = (counts[one] ?? 0) + 1;
    expect(counts).toEqual([100, 100, 100, 100, 100, 100, 100]);
  });
  it('needs fewer groups where values repeat', () => {
    expect(quantileBreaks([5, 5, 5, 5], 7)).toEqual([]);
    expect(quantileBreaks([1, 1, 1, 1, 1, 9], 3)).toEqual([]);
    expect(quantileBreaks([1, 1, 9, 9], 2)).toEqual([9]);
    expect(quantileBreaks([], 7)).toEqual([]);
  });
  it('gives no class to what has no value', () => {
    expect([...classify([1, Number.NaN, 3], [2])]).toEqual([0, NO_CLASS, 1]);
  });
  it('leaves out stray values at both ends', () => {
    const values = Float64Array.from({ length: 1000 }, (_, index) => index);
    values[0] = -1e9;
    values[500] = 1e9;
    const [low, high] = innerRange(values, 0.002);
    expect(low).toBeGreaterThanOrEqual(1);
    expect(high).toBeLessThanOrEqual(999);
  });
});

describe('placeLabels', () => {
  const label = (x: number, y: number, text = 'a') => ({ x, y, text, width: 40 });
  it('keeps the earlier of two that overlap', () => {
    const placed = placeLabels([label(100, 100, 'first'), label(110, 105, 'second'), label(300, 100, 'third')], size);
    expect(placed.map((one) => one.text)).toEqual(['first', 'third']);
  });
  it('places none that is cut by the edge', () => {
    expect(placeLabels([label(5, 100), label(798, 100), label(100, 2), label(100, 599)], size)).toEqual([]);
  });
});

describe('scaleBar', () => {
  it.each([
    [0.01, 'metric', 10, 'km'],
    [0.05, 'metric', 2, 'km'],
    [1, 'metric', 100, 'm'],
    [0.01, 'imperial', 5, 'mi'],
    [1, 'imperial', 200, 'ft'],
  ] as const)('at %d pixels per metre (%s) is %d %s', (scale, system, amount, unit) => {
    const bar = scaleBar(scale, system);
    expect([bar.amount, bar.unit]).toEqual([amount, unit]);
    expect(bar.pixels).toBeLessThanOrEqual(110);
    expect(bar.pixels).toBeGreaterThan(110 / 2.6);
  });
});

describe('colours', () => {
  const luminance = ([r, g, b]: readonly number[]) => 0.2126 * (r ?? 0) + 0.7152 * (g ?? 0) + 0.0722 * (b ?? 0);
  it.each([true, false])('get lighter from class to class (dark theme: %s)', (dark) => {
    const steps = classColours(7, dark).map(luminance);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(new Set(steps).size).toBe(7);
  });
  it('does not leave the ramp', () => {
    expect(rampColour(-5, false)).toEqual(rampColour(0, false));
    expect(rampColour(9, true)).toEqual([253, 231, 37]);
  });
});
