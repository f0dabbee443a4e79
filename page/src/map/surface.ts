import type { Colouring } from './colouring';
import { drawLabels } from './draw_labels';
import { drawMarks, type Marks } from './draw_marks';
import { drawSales, type Target } from './draw_sales';
import type { Scene } from './scene';
import type { Size, Viewport } from './viewport';

/** Paint the sales and the names of locations: only when map, theme or size change. */
export function paintSales(
  canvas: HTMLCanvasElement,
  size: Size,
  scene: Scene,
  view: Viewport,
  colouring: Colouring,
): void {
  const target = prepare(canvas, size);
  if (!target) return;
  drawSales(target, scene, view, colouring);
  drawLabels(target, scene, view);
}

/** Paint what lies over the sales, which follows the pointer. */
export function paintMarks(canvas: HTMLCanvasElement, size: Size, marks: Marks): void {
  const target = prepare(canvas, size);
  if (target) drawMarks(target, marks);
}

/** Return the cleared canvas at the resolution of the screen. */
function prepare(canvas: HTMLCanvasElement, size: Size): Target | null {
  const ratio = Math.min(window.devicePixelRatio || 1, 3);
  const width = Math.round(size.width * ratio);
  const height = Math.round(size.height * ratio);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext('2d');
  if (!context) return null;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, size.width, size.height);
  const style = getComputedStyle(canvas);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const paper = colour('--surface');
  return { context, size, ratio, dark: isDark(paper), paper, ink: colour('--ink'), accent: colour('--accent') };
}

/** Return whether a colour such as #1a1d21 is a dark one. */
export function isDark(hex: string): boolean {
  const [red = 255, green = 255, blue = 255] = (hex.match(/[0-9a-f]{2}/gi) ?? []).map((pair) =>
    Number.parseInt(pair, 16),
  );
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
}
