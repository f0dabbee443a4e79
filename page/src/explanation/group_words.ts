/** What a column, or a group of columns that are explained together, is called, and its values in words. */
import type { Value } from '../api/page_config';
import { columnNamed } from '../state/config';
import { t } from '../words';
import { columnLabel, valueText } from '../words/labels';

/** Return the name of a group in the reader's language; a group of one is its column. */
export function groupLabel(name: string, columns?: readonly string[]): string {
  const only = columns?.length === 1 ? columns[0] : undefined;
  const groups: Record<string, string> = t().explanation.groups;
  // A column of the data may bear the name of a group.
  if (!only && !columnNamed(name) && groups[name]) return groups[name];
  const column = columnNamed(only ?? name);
  return column?.kind === 'date' ? t().explanation.market : columnLabel(column ?? name);
}

/** Return the values of the columns, those that mean nothing to a reader left out, such as a latitude beside a postal code. */
export function groupValues(columns: readonly string[], values: Readonly<Record<string, unknown>>): string {
  const isCoordinate = (name: string): boolean => ['latitude', 'longitude'].includes(columnNamed(name)?.role ?? '');
  const telling = columns.filter((name) => !isCoordinate(name));
  return (telling.length ? telling : columns)
    .filter((name) => !(columnNamed(name)?.role === 'year_renovated' && !values[name]))
    .map((name) => valueText(name, values[name] as Value))
    .join(', ');
}
