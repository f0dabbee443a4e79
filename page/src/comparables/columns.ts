/** Columns of the table of comparable sales. */

import type { PageColumn } from '../api/page_config';
import type { House } from '../state/house';
import { kilometresBetween } from './distance';
import type { Row } from './left_out';

export type ColumnKey = 'similarity' | 'price' | 'date' | 'adjusted' | 'area' | 'away';

export interface SaleColumn {
  key: ColumnKey;
  value: (row: Row) => number | string | null;
  /** Whether the first click on the heading puts the largest on top. */
  descending: boolean;
}

interface Place {
  latitude: number;
  longitude: number;
}

/** Return the place of a house, or null where the data have no coordinates or it has none. */
export function placeOf(house: Record<string, unknown>, columns: readonly PageColumn[]): Place | null {
  const read = (role: string): unknown => house[columns.find((column) => column.role === role)?.name ?? ''];
  const [latitude, longitude] = [read('latitude'), read('longitude')];
  return typeof latitude === 'number' && typeof longitude === 'number' ? { latitude, longitude } : null;
}

/** Return the similarity to the house as a share: what the differences are not worth. */
export function similarity({ distance }: { distance: number }): number {
  return Math.max(0, 1 - distance);
}

/** Return the columns that the data can fill. */
export function saleColumns(rows: readonly Row[], house: House, columns: readonly PageColumn[]): SaleColumn[] {
  const here = placeOf(house, columns);
  const area = columns.find(({ role }) => role === 'living_area')?.name;
  const away = ({ sale }: Row): number | null => {
    const there = placeOf(sale.house, columns);
    return here && there ? kilometresBetween(here, there) : null;
  };
  const all: SaleColumn[] = [
    { key: 'similarity', value: ({ sale, current }) => (current ? similarity(sale) : null), descending: true },
    { key: 'price', value: ({ sale }) => sale.price, descending: true },
    { key: 'date', value: ({ sale }) => sale.sale_date, descending: true },
    { key: 'adjusted', value: ({ sale, current }) => (current ? sale.adjusted_price : null), descending: true },
    { key: 'area', value: ({ sale }) => numberOrNull(area && sale.house[area]), descending: true },
    { key: 'away', value: away, descending: false },
  ];
  return all.filter(({ key, value }) => key === 'similarity' || rows.some((row) => value(row) !== null));
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
