/** Linear scales and their ticks. */

export interface Scale {
  (value: number): number;
  invert(position: number): number;
  readonly domain: readonly [number, number];
}

/** Map `domain` linearly onto `range`; a domain of one value lies in the middle. */
export function linearScale(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const [low, high] = domain;
  const [start, end] = range;
  const span = high - low;
  const scale = (value: number): number =>
    span === 0 ? (start + end) / 2 : start + ((value - low) / span) * (end - start);
  const invert = (position: number): number =>
    end === start ? low : low + ((position - start) / (end - start)) * span;
  return Object.assign(scale, { invert, domain });
}

/** Return the step of 1, 2, 2.5 or 5 times a power of ten that gives about `count` ticks. */
export function niceStep(span: number, count: number): number {
  const rough = span / Math.max(1, count);
  if (!(rough > 0) || !Number.isFinite(rough)) return 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 2.5, 5, 10].find((candidate) => candidate * power >= rough * 0.999) ?? 10;
  return factor * power;
}

/** Return round values within the domain; with `whole`, only whole numbers. */
export function ticks(domain: readonly [number, number], count: number, whole = false): number[] {
  const [low, high] = domain;
  let step = niceStep(high - low, count);
  if (whole) step = Math.max(1, Math.ceil(step));
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  // Multiples of the step, so that no rounding error adds up.
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => cleaned((first + index) * step));
}

export interface Axis {
  domain: [number, number];
  ticks: number[];
}

/** Return an axis around all values that begins and ends at a round number, with a tick at both ends. */
export function niceAxis(values: readonly number[], count: number): Axis {
  let low = Math.min(...values);
  let high = Math.max(...values);
  if (low === high) {
    low -= Math.abs(low) * 0.1 + 1;
    high += Math.abs(high) * 0.1 + 1;
  }
  const step = niceStep(high - low, count);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  const marks = Array.from({ length: last - first + 1 }, (_, index) => cleaned((first + index) * step));
  return { domain: [cleaned(first * step), cleaned(last * step)], ticks: marks };
}

function cleaned(value: number): number {
  return Number(value.toPrecision(12));
}
