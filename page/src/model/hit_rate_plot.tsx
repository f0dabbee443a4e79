import { Frame } from '../chart/frame';
import { linePath } from '../chart/path';
import { linearScale } from '../chart/scale';
import { useWidth } from '../chart/width';
import { formatNumber, formatPercent } from '../format/numbers';
import { t } from '../words';
import type { HitRatePoint, ModelFacts } from './facts';
import { ScrollBox } from './scroll_box';

const HEIGHT = 276;
const SHARES = [0, 0.25, 0.5, 0.75, 1];

/** How right the predictions are when only those are taken of which the model is surest. */
export function HitRatePlot({ facts }: { facts: ModelFacts }) {
  const curve = facts.metrics.holdout?.hit_rate?.curve ?? [];
  if (curve.length < 2) return null;
  const words = t().model;
  return (
    <section class="card">
      <h3>{words.hitTitle}</h3>
      <p class="small muted">{words.hitText}</p>
      <Plot curve={curve} />
      <HitRateTable curve={curve} />
    </section>
  );
}

function Plot({ curve }: { curve: HitRatePoint[] }) {
  const words = t().model;
  const { element, width } = useWidth();
  const plot = { left: 46, right: width.value - 20, top: 12, bottom: HEIGHT - 32 };
  const x = linearScale([0, 1], [plot.left, plot.right]);
  const y = linearScale([0, 1], [plot.bottom, plot.top]);
  const tick = (position: number, share: number) => ({ position, label: formatPercent(share) });
  const middle = curve[curve.length >> 1] as HitRatePoint;
  const line = (name: 'within_10' | 'within_20' | 'median_ape') =>
    linePath(curve.map((point) => ({ x: x(point.hit_rate), y: y(point[name]) })));
  return (
    <div ref={element}>
      {width.value > 0 && (
        <Frame
          width={width.value}
          height={HEIGHT}
          plot={plot}
          x={SHARES.map((share) => tick(x(share), share))}
          y={SHARES.map((share) => tick(y(share), share))}
        >
          {(['within_20', 'within_10', 'median_ape'] as const).map((name) => (
            <g key={name}>
              <path class={name === 'within_10' ? 'chart-line' : 'chart-line model-second'} d={line(name)} />
              <text class="model-line-name" x={x(middle.hit_rate)} y={y(middle[name]) - 10} text-anchor="middle">
                {words.measures[name][0]}
              </text>
            </g>
          ))}
        </Frame>
      )}
    </div>
  );
}

function HitRateTable({ curve }: { curve: HitRatePoint[] }) {
  const words = t().model;
  return (
    <details class="small">
      <summary>{words.asTable}</summary>
      <ScrollBox label={words.hitTitle}>
        <table class="model-table">
          <thead>
            <tr>
              {[
                words.taken,
                words.fsdAtMost,
                words.measures.median_ape[0],
                words.measures.within_10[0],
                words.measures.within_20[0],
              ].map((title) => (
                <th key={title} scope="col" class="numeric">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {curve.map((point) => (
              <tr key={point.hit_rate}>
                <th scope="row" class="numeric">
                  {formatPercent(point.hit_rate)} ({formatNumber(point.sales)})
                </th>
                <td class="numeric">{formatPercent(point.max_fsd, 1)}</td>
                <td class="numeric">{formatPercent(point.median_ape, 1)}</td>
                <td class="numeric">{formatPercent(point.within_10, 1)}</td>
                <td class="numeric">{formatPercent(point.within_20, 1)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
    </details>
  );
}
