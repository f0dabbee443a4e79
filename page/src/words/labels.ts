/** What a column and its values are called: by role in the reader's language, otherwise in that of the data. */
import type { PageColumn, Role, Value } from '../api/page_config';
import { formatDate } from '../format/dates';
import { formatNumber } from '../format/numbers';
import { columnNamed } from '../state/config';
import { t } from './index';

const LONGEST_LABEL = 45;

/** Return the label of a column, or of a name that is none, such as that of a group. */
export function columnLabel(column: PageColumn | string): string {
  const known = typeof column === 'string' ? columnNamed(column) : column;
  if (!known) return spaced(String(column));
  const roles: Partial<Record<Role, string>> = t().roles;
  const byRole = known.role ? roles[known.role] : undefined;
  if (byRole) return byRole;
  const short = known.description.split(/[,;]/, 1)[0]?.trim() ?? '';
  return short && short.length <= LONGEST_LABEL ? capitalised(short) : spaced(known.name);
}

/** Return a value of a column as a person reads it, with its unit. */
export function valueText(column: PageColumn | string, value: Value | undefined): string {
  const known = typeof column === 'string' ? columnNamed(column) : column;
  if (value === null || value === undefined) return '–';
  if (typeof value === 'boolean') return value ? t().page.yes : t().page.no;
  if (known?.kind === 'date') return formatDate(String(value));
  if (typeof value === 'string') return value;
  const plain = known?.role?.startsWith('year') ?? false;
  const text = formatNumber(value, plain ? { useGrouping: false } : {});
  return known?.unit && known.unit !== 'degrees' ? `${text} ${known.unit}` : text;
}

function spaced(name: string): string {
  return capitalised(name.replaceAll('_', ' '));
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Return the name of a project as a title: "house-price-model" as "House price model". */
export function readableTitle(name: string): string {
  return spaced(name.replaceAll('-', ' '));
}
