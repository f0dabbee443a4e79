import { useState } from 'preact/hooks';
import type { PageColumn, Value } from '../api/page_config';
import { formatNumber } from '../format/numbers';
import { parseNumber } from '../format/parse_number';
import { language } from '../state/settings';
import type { ControlProps } from './field';

/** A text input rather than `type=number`, which knows neither the reader's decimal sign nor thousands. */
export function NumberField({ column, value, onValue, ...control }: ControlProps) {
  const [draft, setDraft] = useState<string | null>(null);
  const step = stepOf(column);

  const read = (text: string): Value => {
    if (text.trim() === '') return null;
    const { minimum, maximum } = column;
    const bounds = { minimum: minimum as number | null, maximum: maximum as number | null };
    // What is no number is kept as text, so that the server refuses it and no price is shown for it.
    return parseNumber(text, language.value, bounds) ?? text;
  };

  return (
    <input
      {...control}
      type="text"
      inputMode={column.kind === 'integer' && Number(column.minimum ?? -1) >= 0 ? 'numeric' : 'decimal'}
      autoComplete="off"
      maxLength={60}
      placeholder={column.typical === null ? '' : shown(column, column.typical)}
      value={draft ?? shown(column, value)}
      onInput={(event) => {
        setDraft(event.currentTarget.value);
        onValue(read(event.currentTarget.value), { typing: true });
      }}
      onBlur={() => setDraft(null)}
      onKeyDown={(event) => {
        const direction = event.key === 'ArrowUp' ? 1 : event.key === 'ArrowDown' ? -1 : 0;
        if (!direction || typeof value !== 'number') return;
        event.preventDefault();
        setDraft(null);
        onValue(stepped(value, direction * step, column), { typing: true });
      }}
    />
  );
}

function shown(column: PageColumn, value: Value | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'number') return String(value);
  const isYear = column.role?.startsWith('year') || (column.kind === 'integer' && column.group === 'age');
  return formatNumber(value, { maximumFractionDigits: 6, ...(isYear ? { useGrouping: false } : {}) });
}

/** Return 1 for whole numbers, otherwise a round hundredth or so of what training saw. */
function stepOf(column: PageColumn): number {
  if (column.kind === 'integer' || !column.learned) return 1;
  const span = column.learned.maximum - column.learned.minimum;
  return span > 0 ? 10 ** Math.round(Math.log10(span / 150)) : 1;
}

function stepped(value: number, step: number, { minimum, maximum }: PageColumn): number {
  const next = Number((value + step).toPrecision(12));
  const low = typeof minimum === 'number' ? minimum : Number.NEGATIVE_INFINITY;
  const high = typeof maximum === 'number' ? maximum : Number.POSITIVE_INFINITY;
  return Math.min(Math.max(next, low), high);
}
