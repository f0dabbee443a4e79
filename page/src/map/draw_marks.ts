import type { Target } from './draw_sales';
import type { Point } from './projection';

/** What is drawn over the sales, in pixels; null and empty where there is nothing. */
export interface Marks {
  house: Point | null;
  comparables: Point[];
  highlighted: Point | null;
  hovered: Point | null;
  crosshair: boolean;
}

export function drawMarks(target: Target, marks: Marks): void {
  for (const point of marks.comparables) ring(target, point, 6, 2);
  if (marks.hovered) ring(target, marks.hovered, 6, 2, target.ink);
  if (marks.highlighted) ring(target, marks.highlighted, 10, 3);
  if (marks.house) pin(target, marks.house);
  if (marks.crosshair) crosshair(target);
}

function ring({ context, paper, accent }: Target, point: Point, radius: number, width: number, colour = accent): void {
  for (const [style, lineWidth] of [
    [paper, width + 3],
    [colour, width],
  ] as const) {
    context.beginPath();
    context.arc(point.x, point.y, radius, 0, 2 * Math.PI);
    context.strokeStyle = style;
    context.lineWidth = lineWidth;
    context.stroke();
  }
}

/** A pin whose tip is the place. */
function pin({ context, paper, ink }: Target, { x, y }: Point): void {
  const radius = 9;
  const centre = y - 20;
  context.beginPath();
  context.arc(x, centre, radius, 0.8 * Math.PI, 0.2 * Math.PI);
  context.lineTo(x, y);
  context.closePath();
  context.fillStyle = ink;
  context.strokeStyle = paper;
  context.lineWidth = 2;
  context.fill();
  context.stroke();
  context.beginPath();
  context.arc(x, centre, 3.5, 0, 2 * Math.PI);
  context.fillStyle = paper;
  context.fill();
}

function crosshair({ context, size, paper, ink }: Target): void {
  const [x, y] = [size.width / 2, size.height / 2];
  for (const [style, lineWidth] of [
    [paper, 4],
    [ink, 1.5],
  ] as const) {
    context.beginPath();
    context.moveTo(x - 12, y);
    context.lineTo(x + 12, y);
    context.moveTo(x, y - 12);
    context.lineTo(x, y + 12);
    context.strokeStyle = style;
    context.lineWidth = lineWidth;
    context.stroke();
  }
}
