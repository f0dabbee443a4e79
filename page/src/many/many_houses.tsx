import { t } from '../words';
import { problem, results, source, table } from './batch_state';
import { Intake } from './intake_card';
import { Preview } from './preview';
import { Results } from './results';
import './many_houses.css';

/** Many houses at once: take a table, say how it is understood, price it, show and hand back the result. */
export function ManyHouses() {
  const words = t().many;
  const taken = source.value !== null && table.value !== null;
  return (
    <section class="many" aria-labelledby="many-title">
      <h2 id="many-title">{words.title}</h2>
      <p class="muted">{words.intro}</p>
      {problem.value && (
        <p class="many-problem" role="alert">
          {words.problems[problem.value.code](String(problem.value.row))}
        </p>
      )}
      {taken && table.value ? <Preview table={table.value} /> : <Intake />}
      {table.value && results.value.length > 0 && <Results table={table.value} results={results.value} />}
    </section>
  );
}
