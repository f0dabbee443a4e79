import { useState } from 'preact/hooks';
import { config } from '../state/config';
import { comparables } from '../state/estimate';
import { asRequest, house } from '../state/house';
import { writeFragment } from '../state/route';
import { apiKey } from '../state/settings';
import { t } from '../words';
import { asCurl, asPython } from './snippets';

const PRINT_WAIT_MS = 3000;

/** Link, snippets and print. */
export function Actions() {
  const words = t().answer;
  const [said, setSaid] = useState('');
  const copy = async (text: string) => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid(words.copied);
    } catch {
      setSaid(words.notCopied);
    }
    setTimeout(() => setSaid(''), 2500);
  };
  const url = new URL('predict', document.baseURI).href;
  const request = () => asRequest(house.peek());
  const link = () => {
    const known = config.peek();
    return known ? new URL(writeFragment('estimate', house.peek(), known), location.href).href : location.href;
  };
  return (
    <div class="actions screen-only">
      <button type="button" class="button" onClick={() => copy(link())}>
        {words.link}
      </button>
      <button type="button" class="button" onClick={() => copy(asCurl(url, request(), apiKey.peek() !== ''))}>
        {words.curl}
      </button>
      <button type="button" class="button" onClick={() => copy(asPython(url, request(), apiKey.peek() !== ''))}>
        {words.python}
      </button>
      <button type="button" class="button" onClick={print}>
        {words.print}
      </button>
      <span class="small muted" role="status">
        {said}
      </span>
    </div>
  );
}

/** Print once the comparable sales are there, since they belong on the paper. */
async function print(): Promise<void> {
  const end = Date.now() + PRINT_WAIT_MS;
  while (['idle', 'loading', 'stale'].includes(comparables.peek().status) && config.peek()?.sales && Date.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 50));
  window.print();
}
