/** A small made schema that has every kind of column. */
import type { PageColumn, PageConfig } from '../api/page_config';

export function madeColumn(name: string, more: Partial<PageColumn> = {}): PageColumn {
  return {
    name,
    kind: 'number',
    group: 'size',
    role: null,
    unit: null,
    description: '',
    required: false,
    minimum: null,
    maximum: null,
    learned: null,
    choices: null,
    typical: null,
    importance: 0,
    ...more,
  };
}

export const madeConfig: PageConfig = {
  title: 'made-town',
  currency: 'USD',
  model_version: 'cb9699a86e5f',
  manifest_sha256: 'ab'.repeat(32),
  reference_date: '2015-05-27',
  coverage: 0.9,
  max_fsd: 0.25,
  functional: 'median',
  fitted_on: 'all sales',
  sale_count: 100,
  columns: [
    madeColumn('area', {
      role: 'living_area',
      unit: 'sq ft',
      description: 'Living area',
      required: true,
      minimum: 100,
      maximum: 50000,
      learned: { minimum: 290, maximum: 13540 },
      typical: 1600,
      importance: 0.5,
    }),
    madeColumn('rooms', {
      kind: 'integer',
      group: 'rooms',
      description: 'Rooms in all, without kitchens',
      required: true,
      minimum: 0,
      maximum: 50,
      typical: 3,
    }),
    madeColumn('grade', {
      kind: 'ordinal',
      group: 'age',
      choices: ['poor', 'good'].map((value) => ({ value, count: 50 })),
      typical: 'good',
    }),
    madeColumn('place name', {
      kind: 'category',
      group: 'place',
      choices: Array.from({ length: 20 }, (_, index) => ({ value: `<b>${index}</b>`, count: index })),
      typical: '<b>3</b>',
    }),
    madeColumn('pool', { kind: 'flag', group: 'extras', typical: false }),
    madeColumn('sold', {
      kind: 'date',
      group: 'date',
      role: 'sale_date',
      minimum: '1900-01-01',
      maximum: '2100-01-01',
    }),
  ],
  sales: { count: 100, map: false },
  history: true,
  max_rows: 10000,
  gates_passed: true,
};
