import { expect, it } from 'vitest';
import type { PageColumn } from '../api/page_config';
import { curveColumns, isContinuous } from './columns';

const column = (name: string, given: Partial<PageColumn>): PageColumn => ({
  name,
  group: 'size',
  kind: 'number',
  role: null,
  unit: null,
  description: '',
  required: false,
  minimum: null,
  maximum: null,
  learned: { minimum: 0, maximum: 10 },
  choices: null,
  typical: null,
  importance: 0.1,
  ...given,
});
const many = Array.from({ length: 70 }, (_, index) => ({ value: String(index), count: 1 }));

it('has the important columns first and leaves out what no curve can show', () => {
  const columns = [
    column('rooms', { importance: 0.05 }),
    column('area', { importance: 0.4 }),
    column('lat', { role: 'latitude', group: 'place', importance: 0.9 }),
    column('sold', { group: 'date', kind: 'date', importance: 0.9 }),
    column('waterfront', { kind: 'flag', group: 'place', learned: null, importance: 0.03 }),
    column('zip', { kind: 'category', choices: many, importance: 0.9 }),
    column('constant', { learned: { minimum: 3, maximum: 3 } }),
    column('unused', { importance: 0 }),
    column('renovated', { role: 'year_renovated', group: 'age', importance: 0.2 }),
    column('garage', { kind: 'flag', learned: null, importance: 0.01 }),
  ];
  expect(curveColumns(columns).map(({ name }) => name)).toEqual(['area', 'rooms', 'waterfront', 'garage']);
});

it('draws choices side by side and numbers on an axis', () => {
  expect(isContinuous(column('area', {}))).toBe(true);
  expect(isContinuous(column('grade', { kind: 'ordinal', choices: many.slice(0, 5) }))).toBe(false);
  expect(isContinuous(column('garage', { kind: 'flag' }))).toBe(false);
});
