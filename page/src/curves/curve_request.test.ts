import { describe, expect, it } from 'vitest';
import type { WhatIf } from '../api/answers';
import type { PageColumn } from '../api/page_config';
import { curvePoints, rangeOf, valuesToAsk } from './curve_request';
import { MAX_POINTS } from './grid';

const column = (given: Partial<PageColumn>): PageColumn => ({
  name: 'area',
  group: 'size',
  kind: 'number',
  role: null,
  unit: 'm²',
  description: 'Area',
  required: true,
  minimum: 0,
  maximum: 1e6,
  learned: { minimum: 20, maximum: 900 },
  choices: null,
  typical: 80,
  importance: 0.4,
  ...given,
});
const usual = { minimum: 40, maximum: 160 };

describe('valuesToAsk', () => {
  it('leaves the values to the server until the usual range is known', () => {
    expect(valuesToAsk(column({}), undefined, 75)).toBeNull();
  });
  it('holds the value of the house, in order', () => {
    const values = valuesToAsk(column({}), usual, 77.5) as number[];
    expect(values).toContain(77.5);
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect(values.length).toBeLessThanOrEqual(MAX_POINTS);
  });
  it.each([
    ['none', null],
    ['one that training never saw', 5000],
    ['a text', 'large'],
  ])('leaves %s out', (_, own) => {
    expect(valuesToAsk(column({}), usual, own)).toEqual(valuesToAsk(column({}), usual, undefined));
  });
  it('never asks for more points than the API takes', () => {
    for (let own = 20; own <= 900; own += 0.7) {
      const values = valuesToAsk(column({}), usual, own) as number[];
      expect(values.length).toBeLessThanOrEqual(MAX_POINTS);
      expect(values).toContain(own);
    }
  });
  it('asks for all choices, and both values of a flag', () => {
    const choices = [3, 4, 5].map((value) => ({ value, count: 1 }));
    expect(valuesToAsk(column({ kind: 'ordinal', choices }), undefined, 4)).toEqual([3, 4, 5]);
    expect(valuesToAsk(column({ kind: 'flag' }), undefined, true)).toEqual([false, true]);
  });
});

const answer = (name: string, values: unknown[]): WhatIf =>
  ({
    points: values.map((value, index) => ({
      values: { [name]: value },
      predicted_price: 100 + index,
      prediction_interval: [90, 110],
      sales_near: index === 0 ? null : 7,
    })),
    near_distance: 0.2,
  }) as unknown as WhatIf;

describe('curvePoints', () => {
  it('puts numbers on the axis and choices side by side', () => {
    expect(curvePoints(column({}), answer('area', [50, 80]))?.map(({ x }) => x)).toEqual([50, 80]);
    const flag = curvePoints(column({ kind: 'flag' }), answer('area', [false, true]));
    expect(flag?.map(({ x, value }) => [x, value])).toEqual([
      [0, false],
      [1, true],
    ]);
  });
  it('keeps that nothing is known of the sales apart from there being none', () => {
    expect(curvePoints(column({}), answer('area', [50, 80]))?.map(({ near }) => near)).toEqual([null, 7]);
  });
  it('takes no answer about another column', () => {
    expect(curvePoints(column({}), answer('rooms', [1, 2]))).toBeNull();
    expect(curvePoints(column({}), answer('area', []))).toBeNull();
  });
});

it('knows the range of its points', () => {
  const points = curvePoints(column({}), answer('area', [50, 80, 60])) ?? [];
  expect(rangeOf(points)).toEqual({ minimum: 50, maximum: 80 });
});
