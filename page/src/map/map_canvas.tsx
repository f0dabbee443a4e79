import { signal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { comparables } from '../state/estimate';
import { highlightedSale } from '../state/selection';
import { t } from '../words';
import { listen } from './gestures';
import { housePlace, pickPlace, placeOf } from './house_place';
import { MapControls } from './map_controls';
import { colouring, hoveredSale, panBy, showWhole, size, viewport, zoomBy } from './map_state';
import type { Place, Point } from './projection';
import { SaleTip } from './sale_tip';
import { nearestSale, type Scene } from './scene';
import { paintMarks, paintSales } from './surface';
import { themeVersion } from './theme_version';
import { toScreen, toWorld } from './viewport';

const HOVER_PIXELS = 14;
const focused = signal(false);

/** The two canvases: the sales, and over them what follows pointer and house. */
export function MapCanvas({ scene }: { scene: Scene }) {
  const frame = useRef<HTMLDivElement>(null);
  const base = useRef<HTMLCanvasElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);

  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      size.value = { width: element.clientWidth, height: element.clientHeight };
    });
    observer.observe(element);
    const stop = listen(element, gestures(scene));
    return () => {
      observer.disconnect();
      stop();
    };
  }, [scene]);

  useSignalEffect(() => {
    void themeVersion.value;
    const [view, colours, pixels] = [viewport.value, colouring.value, size.value];
    return nextFrame(() => base.current && view && colours && paintSales(base.current, pixels, scene, view, colours));
  });
  useSignalEffect(() => {
    void themeVersion.value;
    const pixels = size.value;
    const marks = marksOf(scene);
    return nextFrame(() => overlay.current && paintMarks(overlay.current, pixels, marks));
  });

  return (
    <div class="map-frame">
      <div
        ref={frame}
        class="map-surface"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the keys that move the map need the focus
        tabIndex={0}
        role="application"
        aria-label={t().map.label(scene.sales.count)}
        aria-describedby="map-keys"
        onFocus={() => {
          focused.value = frame.current?.matches(':focus-visible') ?? false;
        }}
        onBlur={() => {
          focused.value = false;
        }}
      >
        <canvas ref={base} />
        <canvas ref={overlay} />
      </div>
      <p id="map-keys" class="visually-hidden">
        {t().map.keys}
      </p>
      <SaleTip scene={scene} />
      <MapControls scene={scene} />
    </div>
  );
}

function gestures(scene: Scene) {
  const world = (pixel: Point) => {
    const view = viewport.peek();
    return view ? toWorld(pixel, view, size.peek()) : null;
  };
  return {
    pan: panBy,
    zoom: (pixel: Point, factor: number) => zoomBy(factor, pixel),
    reset: showWhole,
    middle: () => ({ x: size.peek().width / 2, y: size.peek().height / 2 }),
    pick: (pixel: Point) => {
      const point = world(pixel);
      if (point) pickPlace(scene, point);
    },
    hover: (pixel: Point | null) => {
      const point = pixel && world(pixel);
      const scale = viewport.peek()?.scale ?? 1;
      hoveredSale.value = point ? nearestSale(scene, point, HOVER_PIXELS / scale) : null;
    },
  };
}

function marksOf(scene: Scene) {
  const view = viewport.value;
  const screen = (place: Place | null): Point | null =>
    place && view ? toScreen(scene.projection.toPoint(place), view, size.value) : null;
  const hovered = hoveredSale.value;
  const sales = comparables.value.data?.comparables ?? [];
  return {
    house: screen(housePlace.value),
    comparables: sales.flatMap((sale) => screen(placeOf(sale.house)) ?? []),
    highlighted: screen(highlightedSale.value),
    hovered:
      hovered !== null && view
        ? toScreen({ x: scene.x[hovered] as number, y: scene.y[hovered] as number }, view, size.value)
        : null,
    crosshair: focused.value,
  };
}

/** Paint before the next frame; several changes in one frame are painted once. */
function nextFrame(paint: () => void): () => void {
  const id = requestAnimationFrame(paint);
  return () => cancelAnimationFrame(id);
}
