import { useComputed } from '@preact/signals';
import { useState } from 'preact/hooks';
import type { PageColumn, Value } from '../api/page_config';
import { formatDate } from '../format/dates';
import { config } from '../state/config';
import { type Change, house, setField } from '../state/house';
import { t } from '../words';
import { columnLabel, valueText } from '../words/labels';
import { ChoiceField, DateField, FlagField } from './choice_field';
import { fieldErrors } from './field_errors';
import { NumberField } from './number_field';

export interface ControlProps {
  id: string;
  column: PageColumn;
  value: Value | undefined;
  onValue: (value: Value, change?: Change) => void;
  'aria-describedby': string | undefined;
  'aria-invalid': 'true' | undefined;
  'aria-required': 'true' | undefined;
}

const controls = {
  number: NumberField,
  integer: NumberField,
  ordinal: ChoiceField,
  category: ChoiceField,
  flag: FlagField,
  date: DateField,
};

export function Field({ column }: { column: PageColumn }) {
  const [helpIsOpen, setHelpIsOpen] = useState(false);
  const words = t().form;
  const id = `field-${column.name.replace(/\W/g, (sign) => `-${sign.codePointAt(0)}-`)}`;
  const label = columnLabel(column);
  // A change to another field concerns this one as little as another house's price does.
  const value = useComputed(() => house.value[column.name]).value;
  const error = useComputed(() => fieldErrors.value.get(column.name)).value;
  const help = helpText(column, label);
  const hint = error ? undefined : unusualText(column, value);
  const described = [help && `${id}-help`, hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  const Control = controls[column.kind];
  return (
    <div class="field">
      <div class="field-head">
        <label for={id}>
          {label}
          {column.unit && column.unit !== 'degrees' && <span class="unit muted"> ({column.unit})</span>}
        </label>
        {help && (
          <button
            type="button"
            class="help"
            aria-label={words.about(label)}
            aria-expanded={helpIsOpen}
            aria-controls={`${id}-help`}
            onClick={() => setHelpIsOpen(!helpIsOpen)}
          >
            ?
          </button>
        )}
      </div>
      <Control
        id={id}
        column={column}
        value={value}
        onValue={(next, change) => setField(column.name, next, change)}
        aria-describedby={described || undefined}
        aria-invalid={error ? 'true' : undefined}
        aria-required={column.required ? 'true' : undefined}
      />
      <div class="field-notes small">
        {help && (
          <p id={`${id}-help`} class="muted" hidden={!helpIsOpen}>
            {help}
          </p>
        )}
        {hint && (
          <p id={`${id}-hint`} class="hint">
            {hint}
          </p>
        )}
        {error && (
          <p id={`${id}-error`} class="error">
            {error}
          </p>
        )}
      </div>
    </div>
  );
}

function helpText(column: PageColumn, label: string): string {
  const words = t().form;
  const parts = column.description && column.description !== label ? [`${column.description}.`] : [];
  if (column.learned && column.kind !== 'ordinal') parts.push(words.learned(...bounds(column, column.learned)));
  const newest = config.value?.reference_date;
  if (column.group === 'date' && newest) parts.push(words.emptyDate(formatDate(newest)));
  else if (!column.required) parts.push(words.optional);
  return parts.join(' ');
}

/** Return what is unusual about a value that the server takes all the same. */
function unusualText(column: PageColumn, value: Value | undefined): string | undefined {
  const words = t().form;
  const { learned, choices } = column;
  if (typeof value === 'number' && learned && (value < learned.minimum || value > learned.maximum))
    return words.unusual(...bounds(column, learned));
  if (column.kind !== 'category' || !choices || value === null || value === undefined) return undefined;
  return choices.some((choice) => String(choice.value) === String(value).trim()) ? undefined : words.unknown;
}

/** Return the ends as text; the unit stands beside the label. */
function bounds(column: PageColumn, { minimum, maximum }: NonNullable<PageColumn['learned']>): [string, string] {
  const unitless = { ...column, unit: null };
  return [valueText(unitless, minimum), valueText(unitless, maximum)];
}
