import type { Point } from './projection';

/** What a person does to the map, in pixels from its top left corner. */
export interface Gestures {
  pan(dx: number, dy: number): void;
  zoom(pixel: Point, factor: number): void;
  pick(pixel: Point): void;
  /** The pointer rests on a pixel, or has left. */
  hover(pixel: Point | null): void;
  middle(): Point;
  reset(): void;
}

const STEP = 60;
const ZOOM = 1.6;
const CLICK_SLOP = 5;

/** Listen to pointer, wheel and keys; return what stops listening. */
export function listen(element: HTMLElement, gestures: Gestures): () => void {
  const stop = new AbortController();
  const options = { signal: stop.signal };
  const at = (event: MouseEvent): Point => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const touching = new Map<number, Point>();
  let travelled = 0;

  const onDown = (event: PointerEvent) => {
    if (event.button !== 0) return;
    element.setPointerCapture(event.pointerId);
    if (touching.size === 0) travelled = 0;
    touching.set(event.pointerId, at(event));
  };
  const onMove = (event: PointerEvent) => {
    const now = at(event);
    const before = touching.get(event.pointerId);
    if (!before) {
      gestures.hover(event.pointerType === 'touch' ? null : now);
      return;
    }
    const other = [...touching].find(([id]) => id !== event.pointerId)?.[1];
    touching.set(event.pointerId, now);
    travelled += Math.hypot(now.x - before.x, now.y - before.y);
    if (travelled < CLICK_SLOP) return;
    gestures.hover(null);
    if (other) {
      const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
      gestures.zoom(middle, distance(now, other) / Math.max(distance(before, other), 1));
    }
    const share = other ? 0.5 : 1; // of two fingers, each moves the middle by half
    gestures.pan((now.x - before.x) * share, (now.y - before.y) * share);
  };
  const onUp = (event: PointerEvent) => {
    if (!touching.delete(event.pointerId)) return;
    if (touching.size === 0 && travelled < CLICK_SLOP && event.type === 'pointerup') gestures.pick(at(event));
    if (touching.size > 0) travelled = CLICK_SLOP; // the finger that stays is no click
  };
  // A wheel over a map that nobody has chosen scrolls the page; pinching on a trackpad comes with ctrlKey.
  const onWheel = (event: WheelEvent) => {
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== element) return;
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 24 : event.deltaY;
    gestures.zoom(at(event), Math.exp(-Math.max(Math.min(lines, 200), -200) * (event.ctrlKey ? 0.01 : 0.002)));
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = keys(gestures)[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  };
  element.addEventListener('pointerdown', onDown, options);
  element.addEventListener('pointermove', onMove, options);
  element.addEventListener('pointerup', onUp, options);
  element.addEventListener('pointercancel', onUp, options);
  element.addEventListener('pointerleave', () => gestures.hover(null), options);
  element.addEventListener('wheel', onWheel, { ...options, passive: false });
  element.addEventListener('keydown', onKey, options);
  return () => stop.abort();
}

function keys(gestures: Gestures): Record<string, () => void> {
  const zoom = (factor: number) => gestures.zoom(gestures.middle(), factor);
  return {
    ArrowLeft: () => gestures.pan(STEP, 0),
    ArrowRight: () => gestures.pan(-STEP, 0),
    ArrowUp: () => gestures.pan(0, STEP),
    ArrowDown: () => gestures.pan(0, -STEP),
    '+': () => zoom(ZOOM),
    '=': () => zoom(ZOOM),
    '-': () => zoom(1 / ZOOM),
    '0': () => gestures.reset(),
    Enter: () => gestures.pick(gestures.middle()),
  };
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
