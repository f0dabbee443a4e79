import { formatMonth } from '../format/dates';
import { formatMoney, formatNumber } from '../format/numbers';
import { columnWithRole } from '../state/config';
import { t } from '../words';
import { hoveredSale, size, viewport } from './map_state';
import type { Scene } from './scene';
import { toScreen } from './viewport';

const WIDTH = 190;

/** What is known of the sale under the pointer. */
export function SaleTip({ scene }: { scene: Scene }) {
  const sale = hoveredSale.value;
  const view = viewport.value;
  if (sale === null || !view) return null;
  const { x, y } = toScreen({ x: scene.x[sale] as number, y: scene.y[sale] as number }, view, size.value);
  const left = Math.min(Math.max(x - WIDTH / 2, 4), Math.max(size.value.width - WIDTH - 4, 4));
  const below = y < 100;
  return (
    <div
      class={below ? 'map-tip below' : 'map-tip'}
      style={{ width: `${WIDTH}px`, transform: `translate(${left}px, ${y}px)` }}
      aria-hidden="true"
    >
      <div>
        {saleLines(scene, sale).map((line) => (
          <span key={line}>{line}</span>
        ))}
      </div>
    </div>
  );
}

function saleLines(scene: Scene, sale: number): string[] {
  const { price, area, day, firstDay } = scene.sales;
  const amount = price[sale] as number;
  const lines = [t().map.about(formatMoney(rounded(amount, 3)))];
  const size = area?.[sale];
  if (size !== undefined && Number.isFinite(size)) {
    const unit = columnWithRole('living_area')?.unit ?? '';
    lines.push(`${formatNumber(rounded(size, 2))} ${unit} · ${formatMoney(rounded(amount / size, 2))} / ${unit}`);
  }
  const days = day?.[sale];
  if (days !== undefined && Number.isFinite(days) && firstDay) {
    lines.push(t().map.sold(formatMonth(dayAfter(firstDay, days))));
  }
  return lines;
}

/** Return a value with as many significant digits as the packed sales hold. */
function rounded(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}

export function dayAfter(first: string, days: number): string {
  return new Date(Date.parse(`${first}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}
