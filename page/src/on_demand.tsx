import { signal } from '@preact/signals';
import type { FunctionComponent } from 'preact';
import { t } from './words';

/** Return a component whose code is fetched when it is first shown; where that fails, it offers to try again. */
export function onDemand(fetchComponent: () => Promise<FunctionComponent>): FunctionComponent {
  const component = signal<FunctionComponent | null>(null);
  const state = signal<'idle' | 'loading' | 'failed'>('idle');

  async function load() {
    if (state.value === 'loading' || component.value) return;
    state.value = 'loading';
    try {
      component.value = await fetchComponent();
    } catch {
      state.value = 'failed'; // the server is away, or has another build of the page by now
    }
  }

  return function OnDemand() {
    const Loaded = component.value;
    if (Loaded) return <Loaded />;
    if (state.value === 'failed')
      return (
        <p role="alert">
          {t().page.viewFailed}{' '}
          <button type="button" onClick={load}>
            {t().page.tryAgain}
          </button>
        </p>
      );
    load();
    return <p class="muted">{t().page.loading}</p>;
  };
}
