/** The points of a curve as a table, for whoever would rather read than look. */
import { formatMoney, formatNumber } from '../format/numbers';
import { t } from '../words';

interface Point {
  label: string;
  price: number;
  low: number;
  high: number;
  near?: number | null;
  index?: number;
}

interface Props {
  caption: string;
  points: readonly Point[];
}

export function CurveTable({ caption, points }: Props) {
  const words = t().curves;
  const hasNear = points.some(({ near }) => near !== null && near !== undefined);
  const hasIndex = points.some(({ index }) => index !== undefined);
  return (
    <details class="curve-table">
      <summary>{words.asTable}</summary>
      <table>
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">{caption}</th>
            <th scope="col">{words.price}</th>
            <th scope="col">{words.range}</th>
            {hasNear && <th scope="col">{words.sales}</th>}
            {hasIndex && <th scope="col">{words.index}</th>}
          </tr>
        </thead>
        <tbody>
          {points.map(({ label, price, low, high, near, index }) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td>{formatMoney(price)}</td>
              <td>
                {formatMoney(low)} – {formatMoney(high)}
              </td>
              {hasNear && <td>{near ?? '–'}</td>}
              {hasIndex && <td>{index === undefined ? '–' : formatNumber(index, { maximumFractionDigits: 1 })}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
