import { formatNumber } from '../format/numbers';
import { t } from '../words';
import type { Measures, ModelFacts } from './facts';
import { MEASURES, type MeasureName, splits } from './measures';

/** Each measure with what it means, and its value with the confidence interval on each set of sales. */
export function MeasureTable({ facts }: { facts: ModelFacts }) {
  const words = t().model;
  const judged = splits(facts);
  const shown = MEASURES.filter(([name]) => judged.some(([, measures]) => measures[name] !== undefined));
  return (
    <table class="model-measures">
      <caption class="small muted">{words.inBrackets}</caption>
      <thead>
        <tr>
          <th scope="col">{words.measure}</th>
          {judged.map(([name, { sales }]) => (
            <th key={name} scope="col" class="numeric">
              {words.splits[name]}
              <span class="small muted"> {words.ofSales(formatNumber(sales))}</span>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {shown.map(([name, format]) => (
          <tr key={name}>
            <th scope="row">
              {words.measures[name][0]}
              <span class="small muted">{words.measures[name][1]}</span>
            </th>
            {judged.map(([split, measures]) => (
              <td key={split} class="numeric" data-split={words.splits[split]}>
                <Value measures={measures} name={name} format={format} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface ValueProps {
  measures: Measures;
  name: MeasureName;
  format: (value: number) => string;
}

function Value({ measures, name, format }: ValueProps) {
  const [value, interval] = [measures[name], measures.ci95?.[name]];
  if (value === undefined) return <>–</>;
  return (
    <>
      <strong>{format(value)}</strong>
      {interval && <span class="small muted"> ({t().model.between(format(interval[0]), format(interval[1]))})</span>}
    </>
  );
}
