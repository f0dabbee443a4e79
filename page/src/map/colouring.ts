import type { Sales } from '../api/sales';
import { classify, quantileBreaks } from './quantiles';

export type ColourBy = 'price' | 'day';

/** By what the sales are coloured: classes of about as many sales each, and the limits between them. */
export interface Colouring {
  by: ColourBy;
  breaks: number[];
  classes: Uint8Array;
}

const CLASSES = 6;

/** Colour by price per area (by price where areas are unknown) or by the day of the sale. */
export function colourSales(sales: Sales, by: ColourBy): Colouring {
  const values = by === 'day' && sales.day ? sales.day : pricePerArea(sales);
  const breaks = by === 'day' ? quantileBreaks(values, CLASSES) : rounded(quantileBreaks(values, CLASSES));
  return { by, breaks, classes: classify(values, breaks) };
}

/** Round limits to two significant digits, so that the legend says exactly what the colours mean. */
function rounded(breaks: number[]): number[] {
  return [...new Set(breaks.map((value) => Number(value.toPrecision(2))))];
}

export function pricePerArea(sales: Sales): Float64Array {
  const { area, price } = sales;
  return area ? price.map((amount, sale) => amount / (area[sale] as number)) : price;
}
