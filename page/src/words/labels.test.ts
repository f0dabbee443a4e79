import { beforeEach, expect, test } from 'vitest';
import { formatDate, formatMonth } from '../format/dates';
import { formatMoney, formatPercent } from '../format/numbers';
import { config } from '../state/config';
import { setLanguage } from '../state/settings';
import { madeColumn, madeConfig } from '../testing/made_config';
import { columnLabel, readableTitle, valueText } from './labels';

beforeEach(() => {
  setLanguage('en');
  config.value = madeConfig;
});

/** Intl separates amounts and signs by various spaces. */
function plain(text: string): string {
  return text.replace(/[\u00a0\u202f\u2009]/g, ' ');
}

test('a column is called by its role, its short description, or its name', () => {
  expect(columnLabel('area')).toBe('Living area');
  expect(columnLabel('rooms')).toBe('Rooms in all');
  expect(columnLabel('grade')).toBe('Grade');
  expect(columnLabel('no_column_at all')).toBe('No column at all');
  expect(columnLabel(madeColumn('walls_of_it', { description: 'x'.repeat(46) }))).toBe('Walls of it');
  setLanguage('es');
  expect(columnLabel('area')).toBe('Superficie habitable');
  expect(columnLabel('rooms')).toBe('Rooms in all');
});

test('values have their unit, their language, and no grouping in years', () => {
  expect(valueText('area', 1234.5)).toBe('1,234.5 sq ft');
  expect(valueText(madeColumn('built', { role: 'year_built' }), 1953)).toBe('1953');
  expect(valueText('pool', false)).toBe('No');
  expect(valueText('sold', '2015-05-27')).toBe('May 27, 2015');
  expect(valueText('area', null)).toBe('–');
  expect(valueText('place name', '<b>1</b>')).toBe('<b>1</b>');
  setLanguage('es');
  expect(valueText('area', 1234.5)).toBe('1.234,5 sq ft');
  expect(valueText('pool', true)).toBe('Sí');
});

test('money follows the currency of the model, and is a bare number where that is not known', () => {
  expect(formatMoney(1234567)).toBe('$1,234,567');
  expect(formatMoney(12.5, { digits: 2, signed: true })).toBe('+$12.50');
  expect(formatMoney(0, { signed: true })).toBe('$0');
  config.value = { ...madeConfig, currency: 'EUR' };
  setLanguage('es');
  expect(plain(formatMoney(1234))).toBe('1.234 €');
  expect(plain(formatPercent(0.155, 1))).toBe('15,5 %');
  config.value = { ...madeConfig, currency: null };
  expect(formatMoney(1234567)).toBe('1.234.567');
});

test('days are those of the data, whatever the time zone', () => {
  expect(formatDate('2015-01-01')).toBe('Jan 1, 2015');
  expect(formatMonth('2015-01')).toBe('Jan 2015');
  expect(formatDate('some day')).toBe('some day');
});

test('the name of a project becomes a title', () => {
  expect(readableTitle('house-price_model')).toBe('House price model');
});
