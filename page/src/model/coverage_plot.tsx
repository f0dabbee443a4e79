import { useState } from 'preact/hooks';
import { Frame } from '../chart/frame';
import { linearScale } from '../chart/scale';
import { useWidth } from '../chart/width';
import { formatNumber, formatPercent } from '../format/numbers';
import { config } from '../state/config';
import { t } from '../words';
import { coverageByFifth, type Fifth, type ModelFacts } from './facts';
import { ScrollBox } from './scroll_box';

const HEIGHT = 240;

/** The share of prices inside their range, by fifths of the price or another measure. */
export function CoveragePlot({ facts }: { facts: ModelFacts }) {
  const groups = coverageByFifth(facts.metrics.slices);
  const [chosen, setChosen] = useState<string | null>(null);
  const [first] = groups.keys();
  if (first === undefined) return null;
  const shown = chosen !== null && groups.has(chosen) ? chosen : first;
  const words = t().model;
  const nominal = config.value?.coverage ?? 0.9;
  return (
    <section class="card">
      <h3>{words.coverageTitle}</h3>
      <p class="small muted">{words.coverageText(formatPercent(nominal))}</p>
      <label class="model-by small">
        {words.by}
        <select value={shown} onChange={(event) => setChosen(event.currentTarget.value)}>
          {[...groups.keys()].map((name) => (
            <option key={name} value={name}>
              {words.groups[name] ?? name}
            </option>
          ))}
        </select>
      </label>
      <Plot fifths={groups.get(shown) ?? []} nominal={nominal} />
      <CoverageTable fifths={groups.get(shown) ?? []} />
    </section>
  );
}

function Plot({ fifths, nominal }: { fifths: Fifth[]; nominal: number }) {
  const { element, width } = useWidth();
  const plot = { left: 46, right: width.value - 12, top: 12, bottom: HEIGHT - 32 };
  const lowest = Math.min(nominal - 0.1, ...fifths.map(({ low }) => low));
  const from = Math.floor(lowest * 20) / 20;
  const y = linearScale([from, 1], [plot.bottom, plot.top]);
  const x = linearScale([0.5, fifths.length + 0.5], [plot.left, plot.right]);
  const steps = Math.round((1 - from) / 0.05);
  const lines = Array.from({ length: steps + 1 }, (_, index) => from + index * 0.05).filter(
    (_, index) => steps <= 6 || index % 2 === steps % 2,
  );
  return (
    <div ref={element}>
      {width.value > 0 && (
        <Frame
          width={width.value}
          height={HEIGHT}
          plot={plot}
          x={fifths.map(({ fifth }, index) => ({ position: x(index + 1), label: formatNumber(fifth) }))}
          y={lines.map((share) => ({ position: y(share), label: formatPercent(share) }))}
        >
          <line class="chart-trend" x1={plot.left} x2={plot.right} y1={y(nominal)} y2={y(nominal)} />
          {fifths.map(({ fifth, coverage, low, high }, index) => (
            <g key={fifth}>
              <line class="chart-whisker" x1={x(index + 1)} x2={x(index + 1)} y1={y(low)} y2={y(high)} />
              <circle class="chart-dot" cx={x(index + 1)} cy={y(coverage)} r={5} />
            </g>
          ))}
        </Frame>
      )}
    </div>
  );
}

function CoverageTable({ fifths }: { fifths: Fifth[] }) {
  const words = t().model;
  return (
    <details class="small">
      <summary>{words.asTable}</summary>
      <ScrollBox label={words.coverageTitle}>
        <table class="model-table">
          <thead>
            <tr>
              <th scope="col">{words.fifth}</th>
              <th scope="col" class="numeric">
                {words.salesColumn}
              </th>
              <th scope="col" class="numeric">
                {words.inRange}
              </th>
            </tr>
          </thead>
          <tbody>
            {fifths.map(({ fifth, range, sales, coverage, low, high }) => (
              <tr key={fifth}>
                <th scope="row">
                  {fifth} ({range.replace(' to ', ' – ')})
                </th>
                <td class="numeric">{formatNumber(sales)}</td>
                <td class="numeric">
                  {formatPercent(coverage, 1)} ({formatPercent(low, 1)} – {formatPercent(high, 1)})
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
    </details>
  );
}
