import { useEffect, useState } from 'preact/hooks';
import { formatNumber } from '../format/numbers';
import { t } from '../words';
import { cancel, results, run } from './batch_state';

/** How far pricing has come, why it waits or stopped, and the button that cancels it. */
export function RunProgress({ total }: { total: number }) {
  const words = t().many;
  const { status, problem, retryAt } = run.value;
  const done = results.value.reduce((sum, result) => sum + (result === null ? 0 : 1), 0);
  if (status === 'idle') return null;
  return (
    <div class="many-progress">
      {status === 'running' && (
        <>
          <progress max={total} value={done} aria-label={words.progress(formatNumber(done), formatNumber(total))} />
          <span>{words.progress(formatNumber(done), formatNumber(total))}</span>
          <button type="button" class="button" onClick={cancel}>
            {words.cancel}
          </button>
        </>
      )}
      <p aria-live="polite">
        {retryAt !== null && <Countdown until={retryAt} />}
        {status === 'cancelled' && words.cancelled}
        {status === 'failed' && problem !== null && (
          <span class="many-problem">
            {words.failed(problem.kind === 'invalid' ? words.refusedTable : t().problems[problem.kind])}{' '}
            {problem.said && <span lang="en">({problem.said})</span>}
          </span>
        )}
      </p>
    </div>
  );
}

function Countdown({ until }: { until: number }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  return <>{t().many.waiting(formatNumber(Math.max(Math.ceil((until - now) / 1000), 0)))}</>;
}
