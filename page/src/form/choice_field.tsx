import { useMemo } from 'preact/hooks';
import { formatNumber } from '../format/numbers';
import { t } from '../words';
import type { ControlProps } from './field';

/** Lists up to this length open as a whole; longer ones are searched. */
const LONGEST_LIST = 15;

/** Levels and categories: a list, or a searchable input that takes unknown ones, too. */
export function ChoiceField(props: ControlProps) {
  const { column } = props;
  const count = column.choices?.length ?? 0;
  if (!count || (column.kind === 'category' && count > LONGEST_LIST)) return <SearchField {...props} />;
  return <ListField {...props} />;
}

function ListField({ column, value, onValue, ...control }: ControlProps) {
  const choices = column.choices ?? [];
  const isForeign = value !== null && value !== undefined && !choices.some((choice) => choice.value === value);
  return (
    <select
      {...control}
      value={value === null || value === undefined ? '' : String(value)}
      onChange={(event) => {
        const text = event.currentTarget.value;
        onValue(choices.find((choice) => String(choice.value) === text)?.value ?? (text || null));
      }}
    >
      {(!column.required || value === null) && <option value="">{t().form.notGiven}</option>}
      {isForeign && <option value={String(value)}>{String(value)}</option>}
      {choices.map((choice) => (
        <option key={choice.value} value={String(choice.value)}>
          {String(choice.value)}
        </option>
      ))}
    </select>
  );
}

function SearchField({ column, value, onValue, ...control }: ControlProps) {
  const list = `${control.id}-list`;
  const words = t().form;
  // Thousands of choices need not be compared at each keystroke.
  const choices = useMemo(
    () =>
      column.choices && (
        <datalist id={list}>
          {column.choices.map(({ value: choice, count }) => (
            <option key={choice} value={String(choice)}>
              {count === null ? '' : words.sales(formatNumber(count), count)}
            </option>
          ))}
        </datalist>
      ),
    [column, list, words],
  );
  return (
    <>
      <input
        {...control}
        type="text"
        list={column.choices ? list : undefined}
        autoComplete="off"
        maxLength={200}
        value={value === null || value === undefined ? '' : String(value)}
        onInput={(event) =>
          onValue(event.currentTarget.value.trim() ? event.currentTarget.value : null, { typing: true })
        }
      />
      {choices}
    </>
  );
}

/** Yes or no, or not given where it is optional. */
export function FlagField({ column, value, onValue, ...control }: ControlProps) {
  const text = value === null || value === undefined ? '' : String(value);
  return (
    <select
      {...control}
      value={text}
      onChange={(event) => onValue(event.currentTarget.value ? event.currentTarget.value === 'true' : null)}
    >
      {(!column.required || text === '') && <option value="">{t().form.notGiven}</option>}
      <option value="true">{t().page.yes}</option>
      <option value="false">{t().page.no}</option>
    </select>
  );
}

export function DateField({ column, value, onValue, ...control }: ControlProps) {
  return (
    <input
      {...control}
      type="date"
      min={column.minimum ?? undefined}
      max={column.maximum ?? undefined}
      value={typeof value === 'string' ? value : ''}
      onInput={(event) => onValue(event.currentTarget.value || null, { typing: true })}
    />
  );
}
