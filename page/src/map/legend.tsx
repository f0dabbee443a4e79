import { formatMonth } from '../format/dates';
import { formatMoney } from '../format/numbers';
import { columnWithRole } from '../state/config';
import { t } from '../words';
import type { Colouring } from './colouring';
import { classColours, css } from './colours';
import { colourBy, colouring, scene } from './map_state';
import { dayAfter } from './sale_tip';
import type { Scene } from './scene';
import { isDark } from './surface';
import { themeVersion } from './theme_version';

/** Choose what the colours stand for; nothing to choose where sales have no dates. */
export function ColourChoice({ scene }: { scene: Scene }) {
  if (!scene.sales.day) return null;
  return (
    <label class="map-colours small">
      {t().map.colourBy}
      <select
        value={colourBy.value}
        onChange={(event) => {
          colourBy.value = event.currentTarget.value === 'day' ? 'day' : 'price';
        }}
      >
        <option value="price">{priceName(scene)}</option>
        <option value="day">{t().map.byDay}</option>
      </select>
    </label>
  );
}

function priceName(scene: Scene): string {
  const unit = columnWithRole('living_area')?.unit;
  return scene.sales.area ? t().map.byPriceOf(unit ?? '') : t().map.byPrice;
}

/** The classes of the colours with their limits, each of about as many sales. */
export function Legend() {
  void themeVersion.value;
  const [current, shown] = [colouring.value, scene.value];
  if (!current || !shown || current.breaks.length === 0) return null;
  const dark = isDark(getComputedStyle(document.documentElement).getPropertyValue('--surface').trim());
  const colours = classColours(current.breaks.length + 1, dark);
  const text = limitText(current, shown);
  return (
    <figure class="map-legend small">
      <figcaption class={shown.sales.day ? 'visually-hidden' : undefined}>
        {current.by === 'day' ? t().map.byDay : priceName(shown)}
      </figcaption>
      <ul>
        {colours.map((colour, index) => (
          <li key={colour.join()}>
            <i style={{ background: css(colour) }} />
            {index === 0 ? (
              <span class="visually-hidden">{t().map.under(text(current.breaks[0] as number))}</span>
            ) : (
              <span>
                <span class="visually-hidden">{t().map.from('')}</span>
                {text(current.breaks[index - 1] as number)}
              </span>
            )}
          </li>
        ))}
      </ul>
    </figure>
  );
}

function limitText(current: Colouring, shown: Scene): (value: number) => string {
  const { firstDay } = shown.sales;
  if (current.by === 'day' && firstDay) return (days) => formatMonth(dayAfter(firstDay, days));
  return (amount) => formatMoney(amount, amount >= 10_000 ? { compact: true } : {});
}
