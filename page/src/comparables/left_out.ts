/** Sales that a person leaves out of the comparison: they stay in the table, unchecked. */

import { signal } from '@preact/signals';
import type { Comparable } from '../api/answers';
import type { House } from '../state/house';
import { excludedSales } from '../state/selection';

export interface Row {
  sale: Comparable;
  used: boolean;
  /** Whether similarity and adjusted price are those of the house that is shown. */
  current: boolean;
}

interface LeftOut {
  sale: Comparable;
  house: House | null;
}

const leftOut = signal<ReadonlyMap<string, LeftOut>>(new Map());

/** Leave a sale out; `house` is the one that it was compared with. */
export function leaveOut(sale: Comparable, house: House | null): void {
  leftOut.value = new Map(leftOut.value).set(sale.id, { sale, house });
  excludedSales.value = [...excludedSales.value, sale.id];
}

export function useAgain(id: string): void {
  excludedSales.value = excludedSales.value.filter((one) => one !== id);
}

/** Return the comparables and those left out, in the order of similarity as far as it is known. */
export function tableRows(comparables: readonly Comparable[], house: House | null): Row[] {
  const excluded = new Set(excludedSales.value);
  const out = [...leftOut.value.values()].filter(({ sale }) => excluded.has(sale.id));
  return [
    ...comparables.filter(({ id }) => !excluded.has(id)).map((sale) => ({ sale, used: true, current: true })),
    ...out.map((one) => ({ sale: one.sale, used: false, current: one.house === house })),
  ];
}
