/** The house in the form: every change to it goes through here. */
import { signal } from '@preact/signals';
import type { PageConfig, Value } from '../api/page_config';

export type House = Record<string, Value>;

/** How soon the estimate follows, and whether the back button returns to the house before. */
export interface Change {
  typing?: boolean;
  push?: boolean;
}

export const house = signal<House>({});
/** How the house last changed. */
export const lastChange = signal<Change>({});

export function setField(name: string, value: Value, change: Change = {}): void {
  setFields({ [name]: value }, change);
}

export function setFields(values: House, change: Change = {}): void {
  const before = house.peek();
  if (Object.entries(values).every(([name, value]) => before[name] === value)) return;
  replaceHouse({ ...before, ...values }, change);
}

export function replaceHouse(values: House, change: Change = {}): void {
  lastChange.value = change;
  house.value = values;
}

export function typicalHouse(config: PageConfig): House {
  return Object.fromEntries(config.columns.map((column) => [column.name, column.typical]));
}

/** Return the house as a request holds it: without the columns that are empty. */
export function asRequest(values: House): House {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}
