import type { Target } from './draw_sales';
import { placeLabels } from './labels';
import type { Scene } from './scene';
import { toScreen, type Viewport } from './viewport';

const FONT = '500 11px system-ui, "Liberation Sans", sans-serif';
const AREA_OF_A_LABEL = 14_000;
const widths = new Map<string, number>();

/** Write the names of locations, those with most sales first, as many as are legible. */
export function drawLabels(target: Target, scene: Scene, view: Viewport): void {
  const { context, size } = target;
  context.font = FONT;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.lineJoin = 'round';
  context.lineWidth = 3;
  context.strokeStyle = target.paper;
  context.fillStyle = target.ink;
  const candidates = scene.labels.map((label) => ({
    text: label.text,
    width: widthOf(context, label.text),
    ...toScreen(label, view, size),
  }));
  const most = Math.ceil((size.width * size.height) / AREA_OF_A_LABEL);
  for (const label of placeLabels(candidates, size).slice(0, most)) {
    context.strokeText(label.text, label.x, label.y);
    context.fillText(label.text, label.x, label.y);
  }
}

function widthOf(context: CanvasRenderingContext2D, text: string): number {
  let width = widths.get(text);
  if (width === undefined) {
    width = context.measureText(text).width;
    widths.set(text, width);
  }
  return width;
}
