import type { BatchPrediction } from './batch';

/** Round as `/predict?include=valuation` does: to the second digit of half the interval's width, the range outwards. */
export function displayPrice({ predicted_price, prediction_interval }: BatchPrediction): {
  price: number;
  range: [number, number];
} {
  const [low, high] = prediction_interval;
  const half = (high - low) / 2;
  if (!(half > 0)) return { price: predicted_price, range: [low, high] };
  const unit = 10 ** (Math.floor(Math.log10(half)) - 1);
  return {
    price: Math.round(predicted_price / unit) * unit,
    range: [Math.floor(low / unit) * unit, Math.ceil(high / unit) * unit],
  };
}
