/** Days and months in the reader's language, without time zones: they are those of the data. */
import { language } from '../state/settings';

function format(day: string, options: Intl.DateTimeFormatOptions): string {
  const date = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(date.getTime())) return day;
  return new Intl.DateTimeFormat(language.value, { timeZone: 'UTC', ...options }).format(date);
}

/** Return an ISO day, such as 2015-05-27, as "27 May 2015" or its like. */
export function formatDate(day: string): string {
  return format(day.slice(0, 10), { dateStyle: 'medium' });
}

/** Return an ISO month, such as 2015-05, as "May 2015" or its like. */
export function formatMonth(month: string): string {
  return format(`${month.slice(0, 7)}-01`, { year: 'numeric', month: 'short' });
}
