/** The place of the house in the form, and setting it from the map. */
import { computed, signal } from '@preact/signals';
import type { Value } from '../api/page_config';
import { columnWithRole } from '../state/config';
import { type House, house, setFields } from '../state/house';
import type { Place, Point } from './projection';
import { labelOf, nearestSale, type Scene } from './scene';

const LABEL_RADIUS_METRES = 1000;
const DECIMALS = 5; // about a metre

export const housePlace = computed<Place | null>(() => placeOf(house.value));

/** Return where a house is, or null where its columns do not say. */
export function placeOf(values: Record<string, unknown>): Place | null {
  const latitude = values[columnWithRole('latitude')?.name ?? ''];
  const longitude = values[columnWithRole('longitude')?.name ?? ''];
  return typeof latitude === 'number' && typeof longitude === 'number' ? { latitude, longitude } : null;
}

/** The house as the map placed it, where its location is not known there. */
const doubtful = signal<House | null>(null);

/** Whether the house was moved to where its location, such as a postal code, may be another one. */
export const locationInDoubt = computed(() => {
  const then = doubtful.value;
  return then !== null && Object.entries(then).every(([name, value]) => house.value[name] === value);
});

/**
 * Put the house on a point of the map. Its location becomes that of the nearest sale where sales carry theirs, and
 * stays as it is, in doubt, where nothing is known.
 */
export function pickPlace(scene: Scene, point: Point): void {
  const [latitude, longitude] = [columnWithRole('latitude'), columnWithRole('longitude')];
  if (!latitude || !longitude) return;
  const place = scene.projection.toPlace(point);
  const location = columnWithRole('location');
  const known = locationAt(scene, point);
  const moved: House = {
    [latitude.name]: Number(place.latitude.toFixed(DECIMALS)),
    [longitude.name]: Number(place.longitude.toFixed(DECIMALS)),
  };
  if (location && known !== null) moved[location.name] = known;
  setFields(moved, { push: true });
  const stays = location && known === null ? (house.peek()[location.name] ?? null) : null;
  doubtful.value = location && stays !== null ? { ...moved, [location.name]: stays } : null;
}

function locationAt(scene: Scene, point: Point): Value {
  const sale = nearestSale(scene, point, LABEL_RADIUS_METRES);
  const text = sale === null ? null : labelOf(scene, sale);
  const choices = columnWithRole('location')?.choices ?? [];
  return choices.find((one) => String(one.value) === text)?.value ?? null;
}
