/** Layout of a waterfall: from the base price by the contributions to the price. */

export interface Amount {
  name: string;
  amount: number;
}

export interface Step<A extends Amount> {
  /** The contributions of the step: one, or several that are shown as a sum. */
  parts: A[];
  /** Amount as shown, rounded so that the base price and all amounts add up to the price as shown. */
  shown: number;
  start: number;
  end: number;
}

export interface Waterfall<A extends Amount> {
  base: number;
  price: number;
  steps: Step<A>[];
}

/** Return the steps, largest first; beyond `limit` of them the rest is one last step.
 *
 * Prices are rounded to multiples of `unit`. Each shown amount is the difference of two rounded running totals, so that
 * rounding never breaks the sum, and no amount is off by a whole unit.
 */
export function waterfall<A extends Amount>(
  base: number,
  contributions: readonly A[],
  limit: number,
  unit = 1,
): Waterfall<A> {
  const sorted = [...contributions].sort((a, b) => Math.abs(b.amount) - Math.abs(a.amount));
  // A rest of one would be no shorter than its own row.
  const single = sorted.length <= limit + 1 ? sorted.length : limit;
  const groups = sorted.slice(0, single).map((part) => [part]);
  if (single < sorted.length) groups.push(sorted.slice(single));
  return running(base, groups, unit);
}

/** Return the steps of groups of amounts in their given order. */
export function running<A extends Amount>(base: number, groups: readonly A[][], unit = 1): Waterfall<A> {
  let cents = toCents(base);
  let start = rounded(cents, unit);
  const first = start;
  const steps = groups.map((parts) => {
    cents += parts.reduce((sum, { amount }) => sum + toCents(amount), 0);
    const end = rounded(cents, unit);
    const step = { parts, shown: end - start, start, end };
    start = end;
    return step;
  });
  return { base: first, price: start, steps };
}

function toCents(amount: number): number {
  return Math.round(amount * 100);
}

function rounded(cents: number, unit: number): number {
  return Math.round(cents / 100 / unit) * unit;
}
