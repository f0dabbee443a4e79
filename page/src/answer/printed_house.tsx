import { formatDate } from '../format/dates';
import { config } from '../state/config';
import { house } from '../state/house';
import { t } from '../words';
import { columnLabel, readableTitle, valueText } from '../words/labels';

/** Head of the printed estimate: the model, its version, and the day. */
export function PrintedHead() {
  const words = t();
  const known = config.value;
  if (!known) return null;
  return (
    <div class="print-only">
      <p class="printed-title">{readableTitle(known.title)}</p>
      <p class="small muted">
        {words.page.version(known.model_version)} ({known.manifest_sha256.slice(0, 16)}…) ·{' '}
        {words.answer.printed(formatDate(today()))} · {words.page.footer}
      </p>
    </div>
  );
}

/** On paper the form is replaced by the values of the house. */
export function PrintedHouse() {
  const known = config.value;
  if (!known) return null;
  const given = known.columns.filter(({ name }) => house.value[name] !== null && house.value[name] !== undefined);
  return (
    <div class="print-only">
      <h3>{t().answer.details}</h3>
      <dl class="printed-house small">
        {given.map((column) => (
          <div key={column.name}>
            <dt>{columnLabel(column)}</dt>
            <dd>{valueText(column, house.value[column.name])}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

/** Return the day where the reader is, which may not be that of Greenwich. */
function today(): string {
  const now = new Date();
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString();
}
