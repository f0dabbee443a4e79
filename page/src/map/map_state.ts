/** What the map shows: the sales, where it looks, how it is coloured, and the sale under the pointer. */
import { computed, signal } from '@preact/signals';
import { send } from '../api/client';
import { decodeSales } from '../api/sales';
import { type ColourBy, colourSales } from './colouring';
import type { Point } from './projection';
import { buildScene, type Scene } from './scene';
import { clamp, fitBounds, pan, type Size, type Viewport, zoomAt } from './viewport';

export const scene = signal<Scene | null>(null);
export const loadFailed = signal(false);
export const size = signal<Size>({ width: 0, height: 0 });
export const colourBy = signal<ColourBy>('price');
export const hoveredSale = signal<number | null>(null);
/** Where a person has moved the map; null as long as it shows everything. */
export const moved = signal<Viewport | null>(null);

export const whole = computed<Viewport | null>(() =>
  scene.value && size.value.width > 0 ? fitBounds(scene.value.bounds, size.value) : null,
);
export const viewport = computed(() => moved.value ?? whole.value);
export const colouring = computed(() => (scene.value ? colourSales(scene.value.sales, colourBy.value) : null));

/** Load the sales once; without them there is no map. */
export async function loadScene(): Promise<void> {
  if (scene.peek()) return;
  try {
    const response = await send('sales', { accept: 'application/octet-stream' });
    scene.value = buildScene(decodeSales(await response.arrayBuffer()));
    loadFailed.value = false;
  } catch {
    loadFailed.value = true;
  }
}

export function panBy(dx: number, dy: number): void {
  const [view, data] = [viewport.peek(), scene.peek()];
  if (view && data) moved.value = clamp(pan(view, dx, dy), data.bounds);
}

export function zoomBy(factor: number, pixel?: Point): void {
  const [view, data, all] = [viewport.peek(), scene.peek(), whole.peek()];
  if (!view || !data || !all) return;
  const { width, height } = size.peek();
  const fixed = pixel ?? { x: width / 2, y: height / 2 };
  moved.value = clamp(zoomAt(view, fixed, factor, size.peek(), all), data.bounds);
}

export function showWhole(): void {
  moved.value = null;
}
