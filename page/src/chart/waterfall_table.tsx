/** A waterfall as a table: every step is a row with its bar, so that what is drawn can also be read. */
import './waterfall_table.css';
import type { ComponentChildren } from 'preact';
import { formatMoney } from '../format/numbers';
import { linearScale } from './scale';
import type { Amount, Step, Waterfall } from './waterfall';

interface Props<A extends Amount> {
  caption: string;
  waterfall: Waterfall<A>;
  first: ComponentChildren;
  last: ComponentChildren;
  label: (step: Step<A>) => ComponentChildren;
  /** Headings of the columns, for screen readers. */
  headings: { step: string; amount: string };
}

export function WaterfallTable<A extends Amount>({ caption, waterfall, first, last, label, headings }: Props<A>) {
  const { base, price, steps } = waterfall;
  const ends = [base, price, ...steps.map(({ end }) => end)];
  const low = Math.min(...ends);
  const high = Math.max(...ends);
  // The axis does not begin at zero, where the steps would be too short to compare: so totals are marks, not bars.
  const margin = (high - low) * 0.02 || Math.abs(high) * 0.1 || 1;
  const percent = linearScale([low - margin, high + margin], [0, 100]);
  return (
    <table class="waterfall">
      <caption class="visually-hidden">{caption}</caption>
      <thead class="visually-hidden">
        <tr>
          <th scope="col">{headings.step}</th>
          <td />
          <th scope="col">{headings.amount}</th>
        </tr>
      </thead>
      <tbody>
        <Row
          kind="total"
          label={first}
          amount={formatMoney(base)}
          from={percent(base)}
          to={percent(base)}
          joined={percent(base)}
        />
        {steps.map((step) => (
          <Row
            key={step.parts.map(({ name }) => name).join()}
            kind={step.shown < 0 ? 'minus' : 'plus'}
            label={label(step)}
            amount={formatMoney(step.shown, { signed: true })}
            from={percent(step.start)}
            to={percent(step.end)}
            joined={percent(step.end)}
          />
        ))}
        <Row kind="total" label={last} amount={formatMoney(price)} from={percent(price)} to={percent(price)} />
      </tbody>
    </table>
  );
}

interface RowProps {
  kind: 'total' | 'plus' | 'minus';
  label: ComponentChildren;
  amount: string;
  from: number;
  to: number;
  joined?: number;
}

function Row({ kind, label, amount, from, to, joined }: RowProps) {
  const left = Math.min(from, to);
  return (
    <tr class={kind}>
      <th scope="row">{label}</th>
      <td class="waterfall-bar">
        <svg aria-hidden="true" focusable="false">
          {kind === 'total' ? (
            <circle cx={`${to}%`} cy="50%" r="6" />
          ) : (
            <rect x={`${left}%`} width={`${Math.max(0.3, Math.abs(to - from))}%`} y="18%" height="64%" rx="2" />
          )}
          {joined !== undefined && <line x1={`${joined}%`} x2={`${joined}%`} y1="82%" y2="118%" />}
        </svg>
      </td>
      <td class="waterfall-amount">{amount}</td>
    </tr>
  );
}
