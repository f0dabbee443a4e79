import { formatNumber } from '../format/numbers';
import { t } from '../words';
import type { Gate, ModelFacts } from './facts';
import { ScrollBox } from './scroll_box';

/** The requirements that were set before training, what was found, and whether each is met. */
export function Gates({ facts }: { facts: ModelFacts }) {
  const words = t().model;
  const gates = Object.entries(facts.verdict);
  if (gates.length === 0) return null;
  const failed = gates.filter(([, gate]) => !gate.passed);
  return (
    <section class="card">
      <h3>{words.gates}</h3>
      <p>{words.gatesPassed(String(gates.length - failed.length), String(gates.length))}</p>
      {failed.length > 0 && <GateTable gates={failed} />}
      <details>
        <summary>{words.allGates}</summary>
        <GateTable gates={gates} />
      </details>
    </section>
  );
}

function GateTable({ gates }: { gates: [string, Gate][] }) {
  const words = t().model;
  return (
    <ScrollBox label={words.gates}>
      <table class="model-table">
        <thead>
          <tr>
            <th scope="col">{words.gate}</th>
            <th scope="col" class="numeric">
              {words.found}
            </th>
            <th scope="col">{words.required}</th>
            <th scope="col">{words.verdict}</th>
          </tr>
        </thead>
        <tbody>
          {gates.map(([name, gate]) => (
            <tr key={name}>
              <th scope="row">
                <code>{name}</code>
              </th>
              <td class="numeric">{foundText(gate)}</td>
              <td>{requiredText(gate.required ?? '')}</td>
              <td class={gate.passed ? 'model-passed' : 'model-failed'}>
                {gate.passed ? words.passed : words.failedGate}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}

function foundText({ found, interval }: Gate): string {
  if (found === undefined || found === null) return '–';
  const text = (value: number) => formatNumber(value, { maximumSignificantDigits: 4 });
  return interval ? `${text(found)} (${text(interval[0])} – ${text(interval[1])})` : text(found);
}

/** Write what the configuration requires, such as "at most 0.15", in the reader's language. */
function requiredText(required: string): string {
  const words = t().model;
  const number = (text: string) => formatNumber(Number(text), { maximumSignificantDigits: 6 });
  const limit = /^at (most|least) (\S+)$/.exec(required);
  if (limit) return (limit[1] === 'most' ? words.atMost : words.atLeast)(number(limit[2] ?? ''));
  const range = /^(\S+) to (\S+)$/.exec(required);
  if (range) return `${number(range[1] ?? '')} – ${number(range[2] ?? '')}`;
  return words.requirements[required] ?? required;
}
