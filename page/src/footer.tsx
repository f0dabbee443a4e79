import { config } from './state/config';
import { t } from './words';

export function Footer() {
  const words = t().page;
  const known = config.value;
  return (
    <footer class="footer small muted screen-only">
      <p>{words.footer}</p>
      <p>
        {known && <span title={known.manifest_sha256}>{words.version(known.model_version)} · </span>}
        <a href="docs">{words.api}</a>
      </p>
    </footer>
  );
}
