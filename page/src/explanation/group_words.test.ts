import { beforeEach, describe, expect, it } from 'vitest';
import type { PageColumn, PageConfig } from '../api/page_config';
import { config } from '../state/config';
import { language } from '../state/settings';
import { groupLabel, groupValues } from './group_words';

const column = (name: string, role: string | null, kind: PageColumn['kind'] = 'number') =>
  ({ name, role, kind, unit: role === 'living_area' ? 'm²' : null, description: '' }) as PageColumn;

beforeEach(() => {
  language.value = 'en';
  config.value = {
    columns: [
      column('m2', 'living_area'),
      column('barrio', 'location', 'category'),
      column('lat', 'latitude'),
      column('lon', 'longitude'),
      column('built', 'year_built', 'integer'),
      column('renewed', 'year_renovated', 'integer'),
      column('sold', 'sale_date', 'date'),
    ],
  } as PageConfig;
});

describe('groupLabel', () => {
  it('follows the language for groups, roles and the market', () => {
    const all = () => [groupLabel('place'), groupLabel('m2', ['m2']), groupLabel('sold', ['sold'])];
    const english = all();
    language.value = 'es';
    expect(all().every((text, index) => text && text !== english[index])).toBe(true);
  });
  it('takes a name that a column of the data bears for that column', () => {
    config.value = { columns: [column('age', null)] } as PageConfig;
    expect(groupLabel('age', ['age'])).toBe('Age');
    expect(groupLabel('age')).toBe('Age');
  });
});

describe('groupValues', () => {
  it('leaves coordinates out beside a location, but not when nothing else is there', () => {
    const values = { barrio: 'Centro', lat: 40.4168, lon: -3.7038 };
    expect(groupValues(['barrio', 'lat', 'lon'], values)).toBe('Centro');
    expect(groupValues(['lat', 'lon'], values)).toContain('40.4');
  });
  it('says nothing of a renovation that never was', () => {
    expect(groupValues(['built', 'renewed'], { built: 1951, renewed: 0 })).toBe('1951');
    expect(groupValues(['built', 'renewed'], { built: 1951, renewed: 1991 })).toBe('1951, 1991');
  });
  it('has the unit of the column', () => {
    expect(groupValues(['m2'], { m2: 90 })).toBe('90 m²');
  });
});
