import { describe, expect, it } from 'vitest';
import { bandPath, linePath, runs } from './path';

describe('linePath', () => {
  it('begins with a move and draws lines to the others', () => {
    expect(
      linePath([
        { x: 0, y: 1 },
        { x: 2.04, y: 3 },
      ]),
    ).toBe('M0 1L2 3');
  });
  it('is empty without points', () => expect(linePath([])).toBe(''));
});

describe('bandPath', () => {
  it('runs along the upper line and back along the lower one', () => {
    const upper = [
      { x: 0, y: 0 },
      { x: 1, y: 0 },
    ];
    const lower = [
      { x: 0, y: 5 },
      { x: 1, y: 5 },
    ];
    expect(bandPath(upper, lower)).toBe('M0 0L1 0L1 5L0 5Z');
  });
});

describe('runs', () => {
  it('changes between two points of different kind, at half the way', () => {
    const found = runs([
      { x: 0, y: 0, kind: 'near' },
      { x: 2, y: 2, kind: 'near' },
      { x: 4, y: 2, kind: 'far' },
    ]);
    expect(found).toEqual([
      {
        kind: 'near',
        points: [
          { x: 0, y: 0, kind: 'near' },
          { x: 2, y: 2, kind: 'near' },
          { x: 3, y: 2 },
        ],
      },
      {
        kind: 'far',
        points: [
          { x: 3, y: 2 },
          { x: 4, y: 2, kind: 'far' },
        ],
      },
    ]);
  });
});
