import { cleanup, fireEvent, render, screen } from '@testing-library/preact';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { PageConfig } from '../api/page_config';

const sales = ['aaaaaaaaaaaa', 'bbbbbbbbbbbb', 'cccccccccccc'].map((id, index) => ({
  id,
  price: 100_000 * (index + 1),
  adjusted_price: 100_000 * (index + 1),
  sale_date: null,
  adjustments: [],
  distance: 0.1,
  house: {},
}));

let asked: string[];
let known: boolean;

/** The mean of the two most similar sales that are not excluded; a model that knows no sale by its name says so. */
function answer(path: string): Response {
  asked.push(path);
  const excluded = new URLSearchParams(path.split('?')[1]).get('exclude')?.split(',') ?? [];
  if (excluded.length && !known) return Response.json({ detail: '', code: 'sale_not_found' }, { status: 404 });
  const comparables = sales.filter(({ id }) => !excluded.includes(id)).slice(0, 2);
  const reconciled_value = comparables.reduce((sum, { price }) => sum + price / comparables.length, 0);
  return Response.json({ comparables, reconciled_value, valuation_date: null });
}

beforeEach(() => {
  // State and scheduler live as long as their modules.
  vi.resetModules();
  asked = [];
  known = true;
  vi.stubGlobal('fetch', async (path: string) =>
    path.startsWith('comparables') ? answer(path) : Response.json({ predicted_price: 200_000, valuation: {} }),
  );
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

async function shown(config: Partial<PageConfig> = { sales: { count: 3, map: false } }) {
  const state = await import('../state/config');
  const { startEstimates } = await import('../state/estimate');
  const { Comparables } = await import('./comparables');
  state.config.value = { columns: [], currency: null, ...config } as unknown as PageConfig;
  render(<Comparables />);
  startEstimates();
}

const reconciled = (): string | undefined => document.querySelector('.reconciled dd')?.textContent ?? undefined;

it('moves the value when a sale is left out, and back when all are used again', async () => {
  await shown();
  await vi.waitFor(() => expect(reconciled()).toBe('150,000'));
  fireEvent.click(screen.getAllByRole('checkbox')[0] as HTMLElement);
  await vi.waitFor(() => expect(reconciled()).toBe('250,000'));
  expect(asked.at(-1)).toContain('aaaaaaaaaaaa');
  expect(screen.getAllByRole('checkbox')).toHaveLength(3);
  fireEvent.click(document.querySelector('.reconciled button') as HTMLElement);
  await vi.waitFor(() => expect(reconciled()).toBe('150,000'));
  expect(screen.getAllByRole('checkbox')).toHaveLength(2);
});

it('uses all sales again where another model does not know the one left out', async () => {
  await shown();
  await vi.waitFor(() => expect(reconciled()).toBe('150,000'));
  known = false;
  fireEvent.click(screen.getAllByRole('checkbox')[0] as HTMLElement);
  await vi.waitFor(() => expect(asked).toContain('comparables?exclude=aaaaaaaaaaaa'));
  await vi.waitFor(() => expect(asked.at(-1)).toBe('comparables'));
  const { excludedSales } = await import('../state/selection');
  await vi.waitFor(() => expect(excludedSales.value).toEqual([]));
  await vi.waitFor(() =>
    expect(screen.getAllByRole('checkbox').every((box) => (box as HTMLInputElement).checked)).toBe(true),
  );
});

it('says and asks nothing where the model holds no sales', async () => {
  await shown({ sales: null });
  const { estimate } = await import('../state/estimate');
  // The scheduler asks for the next part as soon as it has the price.
  await vi.waitFor(() => expect(estimate.value.status).toBe('ready'));
  expect(document.body.textContent).toBe('');
  expect(asked).toEqual([]);
});
