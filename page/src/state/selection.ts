/** Sales that a person marks: left out of the comparables, or pointed at in table or map. */
import { signal } from '@preact/signals';

export interface MarkedSale {
  id: string | null;
  latitude: number;
  longitude: number;
}

/** Identifiers of the comparable sales that are left out. */
export const excludedSales = signal<string[]>([]);
export const highlightedSale = signal<MarkedSale | null>(null);
