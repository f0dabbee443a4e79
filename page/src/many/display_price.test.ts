// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { displayPrice } from './display_price';

const priced = (price: number, low: number, high: number) =>
  displayPrice({ predicted_price: price, prediction_interval: [low, high], fsd: 0.1, confidence: 90, warnings: [] });

describe('displayPrice', () => {
  it('rounds as the API documents it', () => {
    // The example of docs/api.md.
    expect(priced(551_424.97, 423_859.89, 698_195.59)).toEqual({ price: 550_000, range: [420_000, 700_000] });
  });
  it('follows the width of the interval', () => {
    expect(priced(551_424, 545_000, 558_000)).toEqual({ price: 551_400, range: [545_000, 558_000] });
  });
  it('leaves a price without width as it is', () => {
    expect(priced(5, 5, 5)).toEqual({ price: 5, range: [5, 5] });
  });
});
