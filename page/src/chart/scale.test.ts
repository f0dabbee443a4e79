import { describe, expect, it } from 'vitest';
import { linearScale, niceAxis, niceStep, ticks } from './scale';

describe('linearScale', () => {
  it('maps the ends of the domain to the ends of the range, and back', () => {
    const scale = linearScale([100, 300], [0, 50]);
    expect([scale(100), scale(200), scale(300)]).toEqual([0, 25, 50]);
    expect(scale.invert(25)).toBe(200);
  });
  it('turns around for a range that falls, as of a vertical axis', () => {
    const scale = linearScale([0, 10], [200, 0]);
    expect(scale(10)).toBe(0);
    expect(scale.invert(200)).toBe(0);
  });
  it('puts the only value of a domain in the middle', () => {
    expect(linearScale([5, 5], [0, 80])(5)).toBe(40);
  });
});

describe('niceStep', () => {
  it.each([
    [100, 5, 20],
    [1000, 4, 250],
    [0.7, 5, 0.2],
    [3_700_000, 4, 1_000_000],
  ])('a span of %d in %d steps has steps of %d', (span, count, expected) => {
    expect(niceStep(span, count)).toBeCloseTo(expected, 10);
  });
  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('gives a usable step for the span %d', (span) => {
    expect(niceStep(span, 4)).toBe(1);
  });
});

describe('ticks', () => {
  it('lie within the domain, without rounding noise', () => {
    expect(ticks([0.05, 0.55], 5)).toEqual([0.1, 0.2, 0.3, 0.4, 0.5]);
  });
  it('are whole where only whole numbers make sense', () => {
    expect(ticks([1, 4], 10, true)).toEqual([1, 2, 3, 4]);
    expect(ticks([1900, 2015], 4, true)).toEqual([1900, 1950, 2000]);
  });
});

describe('niceAxis', () => {
  it('holds every value between two round numbers', () => {
    expect(niceAxis([423_859, 698_195], 4)).toEqual({
      domain: [400_000, 700_000],
      ticks: [400_000, 500_000, 600_000, 700_000],
    });
  });
  it.each([
    [230_000, 1_200_000],
    [0.013, 0.071],
    [-3, 11],
    [999, 1001],
  ])('has a tick at both ends: %d to %d', (low, high) => {
    const { domain, ticks: marks } = niceAxis([low, high], 4);
    expect([marks[0], marks.at(-1)]).toEqual(domain);
    expect(domain[0]).toBeLessThanOrEqual(low);
    expect(domain[1]).toBeGreaterThanOrEqual(high);
    expect(marks.length).toBeLessThanOrEqual(7);
  });
  it('has an extent for one value, too', () => {
    const [low, high] = niceAxis([100, 100], 4).domain;
    expect(low).toBeLessThan(100);
    expect(high).toBeGreaterThan(100);
  });
});
