// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { houseOfRow } from './row_house';
import { column, testColumns } from './testing';

describe('houseOfRow', () => {
  it('reads numbers as the file writes them, and keeps codes as texts', () => {
    expect(houseOfRow(['zone', 'area', 'rooms'], ['007', ' 120,5', '3'], testColumns, ',')).toEqual({
      area: 120.5,
      rooms: 3,
      zone: '007',
    });
  });
  it('leaves empty what is blank, not there or no value', () => {
    expect(houseOfRow(['area', 'rooms'], ['', '<b>3</b>'], testColumns, '.')).toEqual({
      area: null,
      rooms: null,
      zone: null,
    });
  });
  it('takes what the server takes: other ways to write a day, a flag, and a code as a number', () => {
    const columns = [
      column('date', { kind: 'date' }),
      column('pool', { kind: 'flag' }),
      column('zip', { kind: 'category', choices: [{ value: '98027', count: 1 }] }),
    ];
    const read = (...cells: string[]) => Object.values(houseOfRow(['date', 'pool', 'zip'], cells, columns, ','));
    expect(read('20141013T000000', '1,0', '98027.0')).toEqual(['2014-10-13', true, '98027']);
    expect(read('2014-10-13T08:30:00', '0', '98027,0')).toEqual(['2014-10-13', false, '98027']);
    expect(read('2014-1013', '2', '1.0')).toEqual([null, null, '1.0']);
  });
  it('reads flags, days and levels', () => {
    const columns = [
      column('pool', { kind: 'flag' }),
      column('date', { kind: 'date' }),
      column('grade', { kind: 'ordinal', choices: [{ value: 'Good', count: 1 }] }),
    ];
    expect(houseOfRow(['pool', 'date', 'grade'], ['Yes', '2015-05-01', 'Good'], columns, '.')).toEqual({
      pool: true,
      date: '2015-05-01',
      grade: 'Good',
    });
    expect(houseOfRow(['pool', 'date'], ['maybe', '1/5/2015'], columns, '.')).toEqual({
      pool: null,
      date: null,
      grade: null,
    });
  });
});
