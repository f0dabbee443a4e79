import { formatPercent } from '../format/numbers';
import { t } from '../words';
import type { ModelFacts } from './facts';

const SIMPLE = ['constant', 'nearest_sales', 'ridge'] as const;

/** The model beside methods that anybody could use instead. */
export function Baselines({ facts }: { facts: ModelFacts }) {
  const words = t().model;
  const { baselines, holdout, noise_floor, resold } = facts.metrics;
  const rows = SIMPLE.flatMap((name) => {
    const error = baselines?.[name]?.median_ape;
    return error === undefined ? [] : [{ name: words.simple[name], error }];
  });
  if (rows.length === 0 || holdout?.median_ape === undefined) return null;
  rows.push({ name: words.thisModel, error: holdout.median_ape });
  const most = Math.max(...rows.map(({ error }) => error));
  const explained = noise_floor?.explained_of_explainable?.value;
  return (
    <section class="card">
      <h3>{words.baselines}</h3>
      <table class="model-bars">
        <caption class="small muted">{words.measures.median_ape[1]}</caption>
        <tbody>
          {rows.map(({ name, error }) => (
            <tr key={name} class={name === words.thisModel ? 'own' : undefined}>
              <th scope="row" class="model-name">
                {name}
              </th>
              <td class="model-bar">
                <i style={{ width: `${(100 * error) / most}%` }} />
              </td>
              <td class="numeric">{formatPercent(error, 1)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {explained !== undefined && <p>{words.explained(formatPercent(explained, 1))}</p>}
      {resold?.median_ape !== undefined && (
        <p>{words.resold(String(resold.sales), formatPercent(resold.median_ape, 1))}</p>
      )}
    </section>
  );
}
