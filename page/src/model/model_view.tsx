import { useEffect } from 'preact/hooks';
import { formatDate } from '../format/dates';
import { formatNumber, formatPercent } from '../format/numbers';
import { config } from '../state/config';
import { t } from '../words';
import { Baselines } from './baselines';
import { CoveragePlot } from './coverage_plot';
import type { ModelFacts } from './facts';
import { Gates } from './gates';
import { HitRatePlot } from './hit_rate_plot';
import { MeasureTable } from './measure_table';
import { splits } from './measures';
import { facts, factsProblem, loadFacts } from './model_state';
import './model_view.css';

/** The model card in readable form. */
export function ModelView() {
  useEffect(() => void loadFacts(), []);
  const words = t().model;
  return (
    <article class="model">
      <h2>{words.title}</h2>
      <Identity />
      {facts.value && <Card facts={facts.value} />}
      {!facts.value && !factsProblem.value && <p class="muted">{words.loading}</p>}
      {!facts.value && factsProblem.value && (
        <p role="alert">
          {words.failed}{' '}
          <button type="button" class="button" onClick={() => void loadFacts()}>
            {words.again}
          </button>
        </p>
      )}
    </article>
  );
}

function Identity() {
  const words = t().model;
  const about = config.value;
  if (!about) return null;
  const rows: [string, string][] = [
    [words.version, about.model_version],
    [words.digest, about.manifest_sha256],
    [words.sales, words.ofSales(formatNumber(about.sale_count))],
    [words.functional, words.functionals[about.functional]],
    [words.interval, words.intervalText(formatPercent(about.coverage))],
    [words.limit, words.limitText(formatPercent(about.max_fsd))],
  ];
  if (about.reference_date) rows.splice(2, 0, [words.reference, formatDate(about.reference_date)]);
  return (
    <section class="card">
      <dl class="model-facts">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p class="model-links">
        <a href="docs">{words.docs}</a>
        <a href="model">{words.file}</a>
        <a href="openapi.json">OpenAPI</a>
      </p>
    </section>
  );
}

function Measured({ facts }: { facts: ModelFacts }) {
  const words = t().model;
  const { first_holdout_date, newest_date, sides } = facts.metrics;
  if (splits(facts).length === 0) return null;
  return (
    <section class="card">
      <h3>{words.measured}</h3>
      {sides?.train && sides.holdout && (
        <p>
          {words.honest(formatNumber(sides.train), formatNumber(sides.holdout))}{' '}
          {first_holdout_date && newest_date && words.newest(formatDate(first_holdout_date), formatDate(newest_date))}
        </p>
      )}
      <MeasureTable facts={facts} />
    </section>
  );
}

function Card({ facts }: { facts: ModelFacts }) {
  const words = t().model;
  return (
    <>
      <Measured facts={facts} />
      <div class="model-plots">
        <CoveragePlot facts={facts} />
        <HitRatePlot facts={facts} />
      </div>
      <Baselines facts={facts} />
      <Gates facts={facts} />
      <section class="card">
        <h3>{words.limits}</h3>
        <ul class="model-limits">
          {words.limitsList.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
        <details>
          <summary>{words.card}</summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
          <pre class="model-card" tabIndex={0} lang="en">
            {facts.card}
          </pre>
        </details>
      </section>
    </>
  );
}
