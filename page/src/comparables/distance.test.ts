import { expect, it } from 'vitest';
import { kilometresBetween } from './distance';

it('is the length of a degree along a meridian', () => {
  expect(kilometresBetween({ latitude: 47, longitude: 8 }, { latitude: 48, longitude: 8 })).toBeCloseTo(111.195, 2);
});
it('is shorter along a parallel far from the equator', () => {
  expect(kilometresBetween({ latitude: 60, longitude: 8 }, { latitude: 60, longitude: 9 })).toBeCloseTo(55.6, 1);
});
it('is the short way across the date line, and zero at the same place', () => {
  expect(kilometresBetween({ latitude: 0, longitude: 179.5 }, { latitude: 0, longitude: -179.5 })).toBeCloseTo(
    111.2,
    1,
  );
  expect(kilometresBetween({ latitude: 5, longitude: 5 }, { latitude: 5, longitude: 5 })).toBe(0);
});
