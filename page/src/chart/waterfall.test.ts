import { describe, expect, it } from 'vitest';
import { running, waterfall } from './waterfall';

const amounts = [
  { name: 'grade', amount: -59157.04 },
  { name: 'date', amount: 44560.83 },
  { name: 'place', amount: -42980.4 },
  { name: 'bedrooms', amount: 120.49 },
  { name: 'floors', amount: -310.49 },
];

describe('waterfall', () => {
  it('has the largest amounts first, whatever their sign', () => {
    const { steps } = waterfall(589356.67, [...amounts].reverse(), 9);
    expect(steps.map(({ parts }) => parts[0]?.name)).toEqual(['grade', 'date', 'place', 'floors', 'bedrooms']);
  });

  it('sums the rest in one step, which keeps its parts', () => {
    const { steps } = waterfall(589356.67, amounts, 3);
    expect(steps).toHaveLength(4);
    expect(steps.at(-1)?.parts.map(({ name }) => name)).toEqual(['floors', 'bedrooms']);
    expect(steps.at(-1)?.shown).toBe(-190);
  });

  it('never makes a rest of one', () => {
    expect(waterfall(0, amounts, 4).steps).toHaveLength(5);
  });

  it('adds up as shown: base price and amounts give the price', () => {
    // A fixed multiplicative generator, so that a failure can be repeated.
    let seed = 7;
    const random = (): number => {
      seed = (seed * 48271) % 2147483647;
      return seed / 2147483647;
    };
    for (let round = 0; round < 200; round += 1) {
      const base = Math.round(random() * 1e8) / 100;
      const parts = Array.from({ length: 15 }, (_, index) => ({
        name: String(index),
        amount: Math.round((random() - 0.5) * 1e7) / 100,
      }));
      const price = base + parts.reduce((sum, { amount }) => sum + amount, 0);
      const found = waterfall(base, parts, 8);
      expect(found.base + found.steps.reduce((sum, { shown }) => sum + shown, 0)).toBe(found.price);
      expect(Math.abs(found.price - price)).toBeLessThanOrEqual(0.51);
      for (const { parts: group, shown } of found.steps) {
        const exact = group.reduce((sum, { amount }) => sum + amount, 0);
        expect(Math.abs(shown - exact)).toBeLessThanOrEqual(1.01);
      }
    }
  });

  it('continues each step where the one before it ended', () => {
    const { base, price, steps } = waterfall(1000, amounts, 2);
    expect(steps[0]?.start).toBe(base);
    for (const [index, step] of steps.slice(1).entries()) expect(step.start).toBe(steps[index]?.end);
    expect(steps.at(-1)?.end).toBe(price);
  });

  it('is the base price alone without contributions', () => {
    expect(waterfall(250.4, [], 5)).toEqual({ base: 250, price: 250, steps: [] });
  });
});

describe('running', () => {
  it('keeps the given order and rounds to the unit', () => {
    const found = running(538000, [[{ name: 'market', amount: 53133.73 }], [{ name: 'grade', amount: -1250 }]], 100);
    expect(found.steps.map(({ shown }) => shown)).toEqual([53100, -1200]);
    expect(found.price).toBe(589900);
  });
});
