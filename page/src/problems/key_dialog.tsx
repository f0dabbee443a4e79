import { useEffect, useRef } from 'preact/hooks';
import { retryConfig } from '../state/config';
import { retryEstimates } from '../state/estimate';
import { apiKey, keyIsRefused, setApiKey } from '../state/settings';
import { t } from '../words';

/** Asks for the API key as soon as the server refuses a request without one, or with a wrong one. */
export function KeyDialog() {
  const words = t().problems;
  const dialog = useRef<HTMLDialogElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const given = useRef('');
  const isWanted = keyIsRefused.value;
  // After every rendering, since a key may be refused at once, before it was seen that none is asked for any more.
  useEffect(() => {
    if (isWanted && !dialog.current?.open) dialog.current?.showModal();
  });
  return (
    <dialog
      ref={dialog}
      class="card key-dialog"
      aria-labelledby="key-title"
      onClose={() => {
        keyIsRefused.value = false;
        const key = given.current;
        given.current = '';
        if (!key) return;
        setApiKey(key);
        retryConfig();
        retryEstimates();
      }}
    >
      <form
        method="dialog"
        onSubmit={(event) => {
          // The page's policy allows no form to be sent anywhere.
          event.preventDefault();
          given.current = input.current?.value.trim() ?? '';
          if (given.current) dialog.current?.close();
        }}
      >
        <h2 id="key-title">{words.keyTitle}</h2>
        <p>{words.keyText}</p>
        {apiKey.value && <p class="error">{words.keyWrong}</p>}
        <label for="api-key">{words.keyLabel}</label>
        <input ref={input} id="api-key" type="password" autoComplete="off" spellcheck={false} maxLength={500} />
        <div class="actions">
          <button type="submit" class="button primary">
            {words.keySend}
          </button>
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            {words.cancel}
          </button>
        </div>
      </form>
    </dialog>
  );
}
