// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { visibleRows } from './window';

describe('visibleRows', () => {
  it('begins with the first rows', () => {
    expect(visibleRows(0, 400, 40, 10_000, 5)).toEqual({ first: 0, end: 15, before: 0, after: 399_400 });
  });
  it('keeps the whole height at every position', () => {
    for (const top of [0, 7, 40, 1234, 399_600, 1e9]) {
      const { first, end, before, after } = visibleRows(top, 400, 40, 10_000);
      expect(before + after + (end - first) * 40).toBe(400_000);
      expect(end - first).toBeLessThanOrEqual(26);
      expect(end).toBeGreaterThan(first);
    }
  });
  it('shows all of a short table, even when it was scrolled before', () => {
    expect(visibleRows(5000, 400, 40, 3)).toEqual({ first: 0, end: 3, before: 0, after: 0 });
  });
  it('shows nothing of an empty table', () => {
    expect(visibleRows(0, 400, 40, 0)).toEqual({ first: 0, end: 0, before: 0, after: 0 });
  });
});
