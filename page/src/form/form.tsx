import './form.css';
import type { Group, PageColumn } from '../api/page_config';
import { config } from '../state/config';
import { replaceHouse, typicalHouse } from '../state/house';
import { t } from '../words';
import { Field } from './field';
import { fieldErrors } from './field_errors';

const groups: Group[] = ['size', 'rooms', 'age', 'place', 'extras', 'date'];
/** Longer groups keep the columns that hardly matter folded away. */
const LONG_GROUP = 8;
const SMALL_IMPORTANCE = 0.01;

export function Form() {
  const known = config.value;
  if (!known) return null;
  const words = t().form;
  return (
    <form class="form card screen-only" aria-label={words.title} onSubmit={(event) => event.preventDefault()}>
      <div class="form-head">
        <h2>{words.title}</h2>
        <button type="button" class="button quiet" onClick={() => replaceHouse(typicalHouse(known), { push: true })}>
          {words.reset}
        </button>
      </div>
      {groups.map((group) => (
        <Fields key={group} group={group} columns={known.columns.filter((one) => one.group === group)} />
      ))}
    </form>
  );
}

interface FieldsProps {
  group: Group;
  columns: PageColumn[];
}

function Fields({ group, columns }: FieldsProps) {
  const errors = fieldErrors.value;
  if (!columns.length) return null;
  const words = t().form;
  const isMinor = (one: PageColumn) =>
    columns.length > LONG_GROUP && !one.required && one.importance < SMALL_IMPORTANCE;
  const minor = columns.filter(isMinor);
  const fields = (some: PageColumn[]) => (
    <div class="fields">
      {some.map((column) => (
        <Field key={column.name} column={column} />
      ))}
    </div>
  );
  return (
    <details class="group" open={startsOpen(group) || columns.some(({ name }) => errors.has(name))}>
      <summary>
        <h3>{words.groups[group]}</h3>
      </summary>
      {fields(columns.filter((one) => !isMinor(one)))}
      {minor.length > 0 && (
        <details open={minor.some(({ name }) => errors.has(name))}>
          <summary class="small muted">{words.more(minor.length)}</summary>
          {fields(minor)}
        </details>
      )}
    </details>
  );
}

/** On a phone the answer should not be far below the form. */
function startsOpen(group: Group): boolean {
  return group === 'size' || window.matchMedia('(min-width: 600px)').matches;
}
