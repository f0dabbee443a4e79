/** Return the inner limits of `classes` groups of about equal size, without repetitions. */
export function quantileBreaks(values: ArrayLike<number>, classes: number): number[] {
  const sorted = Float64Array.from(values)
    .filter((value) => Number.isFinite(value))
    .sort();
  const breaks: number[] = [];
  for (let index = 1; index < classes; index++) {
    const value = sorted[Math.floor((index * sorted.length) / classes)];
    if (value !== undefined && value > (breaks.at(-1) ?? (sorted[0] as number))) {
      breaks.push(value);
    }
  }
  return breaks;
}

export const NO_CLASS = 255;

/** Return the number of breaks that each value reaches, `NO_CLASS` where it has none. */
export function classify(values: ArrayLike<number>, breaks: readonly number[]): Uint8Array {
  const classes = new Uint8Array(values.length);
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    let reached = 0;
    while (reached < breaks.length && value >= (breaks[reached] as number)) {
      reached++;
    }
    classes[index] = Number.isFinite(value) ? reached : NO_CLASS;
  }
  return classes;
}

/** Return the bounds that leave out the outermost share of the values at each end. */
export function innerRange(values: ArrayLike<number>, share: number): [number, number] {
  const sorted = Float64Array.from(values).sort();
  const skip = Math.floor(sorted.length * share);
  return [sorted[skip] ?? 0, sorted[sorted.length - 1 - skip] ?? 0];
}
