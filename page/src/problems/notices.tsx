import './problems.css';
import { useEffect, useState } from 'preact/hooks';
import type { ApiError } from '../api/client';
import { config, configProblem, configRetryAt, retryConfig } from '../state/config';
import { estimate, retryAt, retryEstimates } from '../state/estimate';
import { ignoredFields, writeAddress } from '../state/route';
import { t } from '../words';

/** What stands between a person and the estimate, in words, with the next attempt. */
export function Notices() {
  return (
    <div class="notices screen-only" role="status">
      <IgnoredFields />
      <OtherModel />
      {config.value ? (
        <ProblemNotice
          problem={estimate.value.status === 'ready' ? null : estimate.value.problem}
          hasOld={estimate.value.answer !== null}
          at={retryAt.value}
          retry={retryEstimates}
        />
      ) : (
        <ProblemNotice problem={configProblem.value} hasOld={false} at={configRetryAt.value} retry={retryConfig} />
      )}
    </div>
  );
}

interface ProblemProps {
  problem: ApiError | null;
  hasOld: boolean;
  at: number | null;
  retry: () => void;
}

function ProblemNotice({ problem, hasOld, at, retry }: ProblemProps) {
  // What is invalid is said beside the field.
  if (!problem || problem.kind === 'invalid') return null;
  const words = t().problems;
  return (
    <div class="notice problem">
      <p>
        <strong>{words[problem.kind]}</strong> {hasOld && words.shownIsOld} <Countdown at={at} />
      </p>
      <button type="button" class="button" onClick={retry}>
        {words.retry}
      </button>
    </div>
  );
}

/** The seconds are hidden from screen readers, which would be interrupted by each. */
function Countdown({ at }: { at: number | null }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (at === null) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [at]);
  if (at === null) return null;
  const seconds = Math.ceil((at - now) / 1000);
  return <span aria-hidden="true">{seconds > 0 ? t().problems.retryIn(seconds) : t().problems.retrying}</span>;
}

/** Form, map and model card are those of the model that the page was opened with. */
function OtherModel() {
  const answered = estimate.value.answer?.model_version;
  if (!config.value || !answered || answered === config.value.model_version) return null;
  return (
    <div class="notice">
      <p>{t().problems.otherModel}</p>
      <button
        type="button"
        class="button"
        onClick={() => {
          writeAddress();
          location.reload();
        }}
      >
        {t().problems.reload}
      </button>
    </div>
  );
}

function IgnoredFields() {
  const fields = ignoredFields.value;
  if (!fields.length) return null;
  return (
    <div class="notice">
      <p>{t().problems.ignored(shortened(fields).join(', '))}</p>
      <button
        type="button"
        class="button quiet"
        onClick={() => {
          ignoredFields.value = [];
        }}
      >
        {t().page.dismiss}
      </button>
    </div>
  );
}

/** A hostile link may hold thousands of fields, or very long ones. */
function shortened(fields: string[]): string[] {
  const names = fields.slice(0, 10).map((name) => (name.length > 40 ? `${name.slice(0, 40)}…` : name));
  return fields.length > 10 ? [...names, '…'] : names;
}
