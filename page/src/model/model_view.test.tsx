import { cleanup, render, waitFor } from '@testing-library/preact';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ModelFacts } from './facts';

const bare: ModelFacts = { card: '# <b>Card</b>', verdict: {}, metrics: {} };
const full: ModelFacts = {
  card: '# Card',
  verdict: {
    log_rmse: { passed: true, found: 0.156, required: '0.08 to 0.25', interval: [0.15, 0.163] },
    coverage_by_price: { passed: false, found: 0.7, required: 'at least 0.8' },
  },
  metrics: {
    holdout: { sales: 100, median_ape: 0.076, coverage: 0.9, ci95: { median_ape: [0.07, 0.08] } },
    slices: { 'price, fifth 1 (1 to 2)': { sales: 20, coverage: 0.88 } },
    baselines: { constant: { sales: 100, median_ape: 0.32 } },
    relative: { coverage: { value: 0.9, ci95: [0.85, 0.94] } },
  },
};

/** Render the view as a fresh page would, with what the server answers. */
async function show(status: number, body: unknown) {
  vi.stubGlobal('fetch', async () => new Response(JSON.stringify(body), { status }));
  const { ModelView } = await import('./model_view');
  return render(<ModelView />);
}

beforeEach(() => vi.resetModules());
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

it('shows measures with their intervals, and the requirements that are not met', async () => {
  const { container } = await show(200, full);
  await waitFor(() => expect(container.querySelector('.model-measures')).not.toBeNull());
  expect(container.querySelectorAll('.model-measures tbody tr')).toHaveLength(2);
  expect(container.querySelector('.model-measures td')?.textContent).toContain('7.6%');
  expect(container.querySelector('.model-measures td')?.textContent).toContain('7.0% to 8.0%');
  expect(container.querySelectorAll('.model-failed')).toHaveLength(2); // in front, and among all
  expect(container.querySelectorAll('.model-bars tr')).toHaveLength(2);
});

it('leaves out what the model of other data does not have, and shows its card as text', async () => {
  const { container } = await show(200, bare);
  await waitFor(() => expect(container.querySelector('.model-card')).not.toBeNull());
  expect(container.querySelector('.model-card')?.textContent).toContain('<b>Card</b>');
  expect(container.querySelector('.model-card b')).toBeNull();
  expect(container.querySelector('.model-measures, .model-bars, .model-plots section, .model-table')).toBeNull();
});

it.each([null, [], { status: 'ok' }])('takes %j of a proxy for no model', async (body) => {
  const { container } = await show(200, body);
  await waitFor(() => expect(container.querySelector('[role=alert] button')).not.toBeNull());
});

it('says that it could not be loaded, and loads it when asked again', async () => {
  const { container } = await show(500, { detail: 'no' });
  await waitFor(() => expect(container.querySelector('[role=alert] button')).not.toBeNull());
  vi.stubGlobal('fetch', async () => new Response(JSON.stringify(full)));
  container.querySelector<HTMLButtonElement>('[role=alert] button')?.click();
  await waitFor(() => expect(container.querySelector('.model-measures')).not.toBeNull());
  expect(container.querySelector('[role=alert]')).toBeNull();
});
