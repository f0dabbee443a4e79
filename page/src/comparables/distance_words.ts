/** Distances in words. */
import { formatNumber } from '../format/numbers';
import { columnWithRole } from '../state/config';

const KILOMETRES_PER_MILE = 1.609344;

/** Return a distance in miles where the data measure areas in square feet, otherwise in kilometres. */
export function awayText(kilometres: number): string {
  const imperial = /ft|feet|foot|acre/i.test(columnWithRole('living_area')?.unit ?? '');
  const value = imperial ? kilometres / KILOMETRES_PER_MILE : kilometres;
  const digits = value < 10 ? 1 : 0;
  return formatNumber(value, {
    style: 'unit',
    unit: imperial ? 'mile' : 'kilometer',
    maximumFractionDigits: digits,
  });
}
