/** What is wrong with a field, in the reader's language: by the type of the server's error, which is stable. */
import { computed } from '@preact/signals';
import type { FieldFault } from '../api/client';
import type { PageColumn } from '../api/page_config';
import { formatDate } from '../format/dates';
import { formatNumber } from '../format/numbers';
import { config } from '../state/config';
import { estimate } from '../state/estimate';
import { t } from '../words';

const none: ReadonlyMap<string, string> = new Map();

/** The error of each column of the house that was refused. */
export const fieldErrors = computed(() => {
  const { status, problem } = estimate.value;
  if (status !== 'failed' || problem?.kind !== 'invalid') return none;
  const found = new Map<string, string>();
  for (const fault of problem.faults) {
    const column = config.value?.columns.find(({ name }) => fault.loc.includes(name));
    if (column && !found.has(column.name)) found.set(column.name, faultText(fault, column));
  }
  return found;
});

export function faultText(fault: FieldFault, column: PageColumn): string {
  const words = t().form.faults;
  if (fault.type === 'missing' || fault.type.endsWith('_too_short')) return words.missing;
  if (/^(greater|less)_than/.test(fault.type) && column.minimum !== null && column.maximum !== null)
    return words.range(bound(column.minimum), bound(column.maximum));
  if (fault.type.startsWith('date_')) return words.date;
  if (column.kind === 'integer' && /^(int|float)_/.test(fault.type)) return words.integer;
  if (column.kind === 'number' && /^(int|float|finite)_/.test(fault.type)) return words.number;
  return fault.msg;
}

function bound(value: number | string): string {
  return typeof value === 'number' ? formatNumber(value, { useGrouping: value >= 10000 }) : formatDate(value);
}
