import { estimate, type Status } from '../state/estimate';
import { t } from '../words';

interface Props {
  status: Status;
  text: string;
}

/** What stands in the place of a part that has no data yet, or cannot have any. */
export function Pending({ status, text }: Props) {
  const failed = status === 'failed' || estimate.value.status === 'failed';
  return <p class="muted pending">{failed ? t().explanation.failed : text}</p>;
}
