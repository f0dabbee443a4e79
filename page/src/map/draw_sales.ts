import type { Colouring } from './colouring';
import { classColours, css, rampColour } from './colours';
import { NO_CLASS } from './quantiles';
import type { Scene } from './scene';
import type { Size, Viewport } from './viewport';

/** A canvas in CSS pixels and what the theme says about it. */
export interface Target {
  context: CanvasRenderingContext2D;
  size: Size;
  ratio: number;
  dark: boolean;
  paper: string;
  ink: string;
  accent: string;
}

const MOST_POINTS = 2500;
const CELL = 2;
const UNKNOWN_GREY = 128;

/** Draw the sales: each as a point where there is room, otherwise as cells by how many they hold. */
export function drawSales(target: Target, scene: Scene, view: Viewport, colouring: Colouring): void {
  const visible = visibleSales(scene, view, target.size);
  if (visible.length > MOST_POINTS) {
    drawCells(target, scene, view, colouring, visible);
  } else {
    drawPoints(target, scene, view, colouring, visible);
  }
}

function visibleSales(scene: Scene, view: Viewport, size: Size): number[] {
  const halfWidth = size.width / 2 / view.scale;
  const halfHeight = size.height / 2 / view.scale;
  const { x, y } = view.centre;
  return scene.index.range(x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight);
}

function drawPoints(target: Target, scene: Scene, view: Viewport, colouring: Colouring, visible: number[]): void {
  const { context, size } = target;
  const radius = visible.length > 1200 ? 2.5 : visible.length > 400 ? 3.5 : 4.5;
  const colours = classColours(colouring.breaks.length + 1, target.dark).map(css);
  const grey = css([UNKNOWN_GREY, UNKNOWN_GREY, UNKNOWN_GREY]);
  context.lineWidth = 0.75;
  context.strokeStyle = target.paper;
  for (const sale of visible) {
    const left = ((scene.x[sale] as number) - view.centre.x) * view.scale + size.width / 2;
    const top = ((scene.y[sale] as number) - view.centre.y) * view.scale + size.height / 2;
    context.fillStyle = colours[colouring.classes[sale] as number] ?? grey;
    context.beginPath();
    context.arc(left, top, radius, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }
}

/** Cells stay with the ground while the map is moved, so that nothing flickers. */
function drawCells(target: Target, scene: Scene, view: Viewport, colouring: Colouring, visible: number[]): void {
  const { context, size } = target;
  const left = Math.floor((view.centre.x * view.scale - size.width / 2) / CELL);
  const top = Math.floor((view.centre.y * view.scale - size.height / 2) / CELL);
  const columns = Math.ceil(size.width / CELL) + 1;
  const rows = Math.ceil(size.height / CELL) + 1;
  const counts = new Uint32Array(columns * rows);
  const sums = new Uint32Array(columns * rows);
  const known = new Uint32Array(columns * rows);
  const perCell = view.scale / CELL;
  for (const sale of visible) {
    const column = Math.floor((scene.x[sale] as number) * perCell) - left;
    const row = Math.floor((scene.y[sale] as number) * perCell) - top;
    const cell = row * columns + column;
    const one = colouring.classes[sale] as number;
    counts[cell] = (counts[cell] as number) + 1;
    if (one !== NO_CLASS) {
      sums[cell] = (sums[cell] as number) + one;
      known[cell] = (known[cell] as number) + 1;
    }
  }
  const image = new ImageData(columns, rows);
  const highest = Math.max(colouring.breaks.length, 1);
  for (let cell = 0; cell < counts.length; cell++) {
    const count = counts[cell] as number;
    if (count === 0) continue;
    const sure = known[cell] as number;
    const colour = sure
      ? rampColour((sums[cell] as number) / sure / highest, target.dark)
      : [UNKNOWN_GREY, UNKNOWN_GREY, UNKNOWN_GREY];
    image.data.set([...colour, 255 * Math.min(0.5 + 0.17 * Math.log2(count), 1)], cell * 4);
  }
  const small = document.createElement('canvas');
  small.width = columns;
  small.height = rows;
  small.getContext('2d')?.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(
    small,
    left * CELL - (view.centre.x * view.scale - size.width / 2),
    top * CELL - (view.centre.y * view.scale - size.height / 2),
    columns * CELL,
    rows * CELL,
  );
}
