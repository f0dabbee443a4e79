import { expect, test } from 'vitest';
import { parseNumber } from './parse_number';

test.each([
  ['2570', 2570, 2570],
  ['1,234.5', 1234.5, 1234.5],
  ['1.234,5', 1234.5, 1234.5],
  ['1,234', 1234, 1.234],
  ['1.234', 1.234, 1234],
  ['1.234.567', 1234567, 1234567],
  ['1,5', 1.5, 1.5],
  ['47.7210', 47.721, 47.721],
  ['−122.319', -122.319, -122319],
  ["12'500", 12500, 12500],
  ['12\u202f500,25', 12500.25, 12500.25],
  ['.5', 0.5, 0.5],
  ['3.', 3, 3],
  ['1e3', 1000, 1000],
])('%s is %d in English and %d in Spanish', (text, english, spanish) => {
  expect([parseNumber(text, 'en'), parseNumber(text, 'es')]).toEqual([english, spanish]);
});

test.each(['', ' ', 'three', '3 rooms', '1,2,3', '0x10', '--1', '1.2.3', 'Infinity', '1e999', '<b>3</b>', '.', ','])(
  '%j is no number',
  (text) => {
    expect([parseNumber(text, 'en'), parseNumber(text, 'es')]).toEqual([null, null]);
  },
);

test('the reading within the bounds is taken', () => {
  expect(parseNumber('-122.319', 'es', { minimum: -180, maximum: 180 })).toBe(-122.319);
  expect(parseNumber('7.242', 'es', { minimum: 100, maximum: 20000 })).toBe(7242);
  expect(parseNumber('47.721', 'es', { minimum: 0, maximum: 10 })).toBe(47721);
});
