import type { Point } from './projection';

export interface Size {
  width: number;
  height: number;
}

export interface Bounds {
  minX: number;
  minY: number;
  maxX: number;
  maxY: number;
}

/** What the map shows: the point in its middle and pixels per metre. */
export interface Viewport {
  centre: Point;
  scale: number;
}

const CLOSEST = 2; // pixels per metre
const WIDEST = 0.5; // of the scale at which everything fits

/** Return the viewport in which the bounds fill the size, with a margin. */
export function fitBounds(bounds: Bounds, size: Size, margin = 24): Viewport {
  const width = Math.max(bounds.maxX - bounds.minX, 200);
  const height = Math.max(bounds.maxY - bounds.minY, 200);
  return {
    centre: { x: (bounds.minX + bounds.maxX) / 2, y: (bounds.minY + bounds.maxY) / 2 },
    scale: Math.min(Math.max(size.width - 2 * margin, 1) / width, Math.max(size.height - 2 * margin, 1) / height),
  };
}

export function toScreen(point: Point, view: Viewport, size: Size): Point {
  return {
    x: (point.x - view.centre.x) * view.scale + size.width / 2,
    y: (point.y - view.centre.y) * view.scale + size.height / 2,
  };
}

export function toWorld(pixel: Point, view: Viewport, size: Size): Point {
  return {
    x: (pixel.x - size.width / 2) / view.scale + view.centre.x,
    y: (pixel.y - size.height / 2) / view.scale + view.centre.y,
  };
}

export function pan(view: Viewport, dx: number, dy: number): Viewport {
  return {
    centre: { x: view.centre.x - dx / view.scale, y: view.centre.y - dy / view.scale },
    scale: view.scale,
  };
}

/** Zoom so that what is under the pixel stays there. */
export function zoomAt(view: Viewport, pixel: Point, factor: number, size: Size, whole: Viewport): Viewport {
  const scale = Math.min(Math.max(view.scale * factor, whole.scale * WIDEST), CLOSEST);
  const fixed = toWorld(pixel, view, size);
  return {
    centre: {
      x: fixed.x - (pixel.x - size.width / 2) / scale,
      y: fixed.y - (pixel.y - size.height / 2) / scale,
    },
    scale,
  };
}

/** Keep the middle of the map within the bounds of the sales. */
export function clamp(view: Viewport, bounds: Bounds): Viewport {
  return {
    centre: {
      x: Math.min(Math.max(view.centre.x, bounds.minX), bounds.maxX),
      y: Math.min(Math.max(view.centre.y, bounds.minY), bounds.maxY),
    },
    scale: view.scale,
  };
}
