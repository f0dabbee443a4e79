/** Which columns of the schema have a what-if curve. */

import type { PageColumn } from '../api/page_config';
import { MAX_POINTS } from './grid';

const WITHOUT_CURVE = [
  'location',
  'latitude',
  'longitude',
  'neighbour_living_area',
  'neighbour_lot_area',
  'year_renovated',
];

/** Return the columns with a curve, most important first.
 *
 * A latitude or a postal code alone has no meaning, the neighbours' houses are not the seller's to change, the date has
 * its own chart, and between the 0 of a house that never was renovated and the first year there is nothing.
 */
export function curveColumns(columns: readonly PageColumn[]): PageColumn[] {
  return columns.filter(hasCurve).sort((a, b) => b.importance - a.importance);
}

/** Return the column of the first curve: the living area, which most people ask about, or else the most important. */
export function firstColumn(columns: readonly PageColumn[]): PageColumn | undefined {
  return columns.find(({ role }) => role === 'living_area') ?? columns[0];
}

function hasCurve({ kind, role, choices, learned, importance }: PageColumn): boolean {
  if (importance <= 0 || kind === 'date' || (role && WITHOUT_CURVE.includes(role))) return false;
  if (kind === 'flag') return true;
  if (choices) return choices.length > 1 && choices.length <= MAX_POINTS;
  return kind !== 'category' && learned !== null && learned.maximum > learned.minimum;
}

/** Return whether the values of a column lie on an axis with distances, not side by side. */
export function isContinuous({ kind, choices }: PageColumn): boolean {
  return !choices && (kind === 'number' || kind === 'integer' || kind === 'ordinal');
}
