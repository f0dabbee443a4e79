import KDBush from 'kdbush';
import type { Sales } from '../api/sales';
import { type Point, Projection } from './projection';
import { innerRange } from './quantiles';
import type { Bounds } from './viewport';

/** The sales in metres around their middle, ready to be drawn and searched. */
export interface Scene {
  sales: Sales;
  projection: Projection;
  x: Float64Array;
  y: Float64Array;
  index: KDBush;
  /** Without the few most remote sales, which would make everything else small. */
  bounds: Bounds;
  labels: (Point & { text: string })[];
}

/** Share of the sales at each side that the first view may leave out. */
const OUTSIDE = 0.005;

export function buildScene(sales: Sales): Scene {
  const [south, north] = innerRange(sales.latitude, OUTSIDE);
  const [west, east] = innerRange(sales.longitude, OUTSIDE);
  const projection = new Projection({ latitude: (south + north) / 2, longitude: (west + east) / 2 });
  const x = new Float64Array(sales.count);
  const y = new Float64Array(sales.count);
  const index = new KDBush(sales.count);
  for (let sale = 0; sale < sales.count; sale++) {
    const point = projection.toPoint({
      latitude: sales.latitude[sale] as number,
      longitude: sales.longitude[sale] as number,
    });
    x[sale] = point.x;
    y[sale] = point.y;
    index.add(point.x, point.y);
  }
  index.finish();
  const northWest = projection.toPoint({ latitude: north, longitude: west });
  const southEast = projection.toPoint({ latitude: south, longitude: east });
  return {
    sales,
    projection,
    x,
    y,
    index,
    bounds: { minX: northWest.x, minY: northWest.y, maxX: southEast.x, maxY: southEast.y },
    labels: sales.labels.map((label) => ({ text: label.text, ...projection.toPoint(label) })),
  };
}

/** Return the position of the sale nearest to a point, or null where none is within the radius. */
export function nearestSale(scene: Scene, point: Point, radius: number): number | null {
  let nearest: number | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const sale of scene.index.within(point.x, point.y, radius)) {
    const distance = Math.hypot((scene.x[sale] as number) - point.x, (scene.y[sale] as number) - point.y);
    if (distance < least) {
      least = distance;
      nearest = sale;
    }
  }
  return nearest;
}

/** Return the label of a sale, such as its postal code; null where it has none. */
export function labelOf({ sales }: Scene, sale: number): string | null {
  const rank = sales.label?.[sale] ?? Number.NaN;
  if (Number.isNaN(rank)) return null;
  const [latitude, longitude] = [sales.latitude[sale] as number, sales.longitude[sale] as number];
  const narrow = Math.cos((latitude * Math.PI) / 180);
  const away = sales.labels.map((label) => ({
    text: label.text,
    distance: (label.latitude - latitude) ** 2 + ((label.longitude - longitude) * narrow) ** 2,
  }));
  return away.sort((a, b) => a.distance - b.distance)[rank]?.text ?? null;
}
