import type { PageColumn } from '../api/page_config';

export const column = (name: string, more: Partial<PageColumn>): PageColumn => ({
  name,
  group: 'size',
  kind: 'number',
  role: null,
  unit: null,
  description: name,
  required: true,
  minimum: null,
  maximum: null,
  learned: null,
  choices: null,
  typical: null,
  importance: 0.1,
  ...more,
});

/** Three columns of a small schema, for tests. */
export const testColumns: PageColumn[] = [
  column('area', { typical: 120.5, role: 'living_area' }),
  column('rooms', { kind: 'integer', typical: 3 }),
  column('zone', { kind: 'category', typical: 'A', role: 'location' }),
];
