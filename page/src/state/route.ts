/** The view and the house in the fragment of the address, which no server sees. */
import { batch, effect, signal } from '@preact/signals';
import type { PageColumn, PageConfig, Value } from '../api/page_config';
import { type House, house, lastChange, replaceHouse, typicalHouse } from './house';

export const views = ['estimate', 'many', 'model'] as const;
export type View = (typeof views)[number];

export const view = signal<View>('estimate');
/** Names in the link that the model does not know, or values that it cannot take. */
export const ignoredFields = signal<string[]>([]);

const WRITE_PAUSE_MS = 250;

export interface Fragment {
  view: View;
  house: House | null;
  ignored: string[];
}

/** Return what a fragment stands for; its house is null where it holds no field that the model knows. */
export function parseFragment(fragment: string, config: PageConfig): Fragment {
  const [path = '', query = ''] = fragment.replace(/^#\/?/, '').split('?', 2);
  const chosen = views.find((one) => one === path) ?? 'estimate';
  const columns = new Map(config.columns.map((column) => [column.name, column]));
  const values: House = {};
  const ignored: string[] = [];
  for (const [name, text] of new URLSearchParams(query)) {
    const column = columns.get(name);
    const value = column ? parseValue(column, text) : undefined;
    if (value === undefined) ignored.push(name);
    else values[name] = value;
  }
  if (!Object.keys(values).length) return { view: chosen, house: null, ignored };
  const empty = Object.fromEntries(config.columns.map(({ name }) => [name, null]));
  return { view: chosen, house: { ...empty, ...values }, ignored };
}

/** Return the fragment that reproduces a view and a house, whatever the typical house is by then. */
export function writeFragment(shown: View, values: House, config: PageConfig): string {
  const query = new URLSearchParams();
  for (const { name } of config.columns) {
    const value = values[name];
    if (value !== null && value !== undefined) query.set(name, String(value));
  }
  const text = query.toString();
  return text ? `#/${shown}?${text}` : `#/${shown}`;
}

function parseValue(column: PageColumn, text: string): Value | undefined {
  if (text.length > 200) return undefined;
  if (column.kind === 'flag') return text === 'true' ? true : text === 'false' ? false : undefined;
  if (column.kind === 'date') return /^\d{4}-\d{2}-\d{2}$/.test(text) ? text : undefined;
  if (column.kind === 'category') return text;
  if (column.kind === 'ordinal') return column.choices?.find(({ value }) => String(value) === text)?.value;
  const number = text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(number) ? number : undefined;
}

export function showView(next: View): void {
  if (view.peek() === next) return;
  lastChange.value = { push: true };
  view.value = next;
}

let unwritten = '';

/** Write the house into the address at once, where it waits for the next key. */
export function writeAddress(): void {
  if (unwritten) history.replaceState(null, '', unwritten);
  unwritten = '';
}

/** Read the address, then keep it and the state together: both ways, with back and forward. */
export function startRouting(config: PageConfig): void {
  const read = () => {
    const parsed = parseFragment(location.hash, config);
    // View and house at once: one without the other would be written to the address, as a page that nobody opened.
    batch(() => {
      ignoredFields.value = parsed.ignored;
      view.value = parsed.view;
      replaceHouse(parsed.house ?? typicalHouse(config));
    });
  };
  read();
  window.addEventListener('popstate', read);
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const fragment = writeFragment(view.value, house.value, config);
    const { push } = lastChange.peek();
    clearTimeout(timer);
    if (push) writeAddress(); // what was typed a moment ago is where the way back leads
    unwritten = '';
    if (fragment === location.hash) return;
    if (push) {
      history.pushState(null, '', fragment);
    } else {
      unwritten = fragment;
      timer = setTimeout(writeAddress, WRITE_PAUSE_MS);
    }
  });
}
