import { cleanup, fireEvent, render, screen, within } from '@testing-library/preact';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { PageConfig } from '../api/page_config';

const base = { description: '', unit: null, required: true, minimum: null, maximum: null, group: 'size' };
const columns = [
  { ...base, name: 'm2', kind: 'number', role: 'living_area', learned: { minimum: 20, maximum: 900 }, importance: 0.3 },
  { ...base, name: 'lift', kind: 'flag', role: null, learned: null, importance: 0.1 },
  {
    ...base,
    name: 'zone',
    kind: 'category',
    role: 'location',
    choices: [{ value: 'a' }, { value: 'b' }],
    importance: 1,
  },
].map((column) => ({ choices: null, typical: null, ...column }));

interface GridRequest {
  vary: { m2?: unknown[] | null; lift?: unknown[] };
}

let grids: GridRequest[];

/** Prices of 1,000 for each square metre, with similar sales only up to 150 of them. */
function answer({ vary }: GridRequest) {
  const [name = '', values] = Object.entries(vary)[0] ?? [];
  const points = (values ?? [50, 100, 150]).map((value) => ({
    values: { [name]: value },
    predicted_price: Number(value) * 1000,
    prediction_interval: [Number(value) * 900, Number(value) * 1100],
    sales_near: Number(value) > 150 ? 1 : 40,
  }));
  return { points, near_distance: 0.2 };
}

beforeEach(() => {
  // State, scheduler and the ranges that are known by now live as long as their modules.
  vi.resetModules();
  grids = [];
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    const body = JSON.parse(String(init.body)) as GridRequest;
    if (path === 'what-if') grids.push(body);
    return new Response(JSON.stringify(path === 'what-if' ? answer(body) : { predicted_price: 80_000, valuation: {} }));
  });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

async function shown() {
  const { config } = await import('../state/config');
  const { setVisible, startEstimates } = await import('../state/estimate');
  const { house, replaceHouse } = await import('../state/house');
  const { Curves } = await import('./curves');
  config.value = { columns, currency: 'EUR', history: false } as unknown as PageConfig;
  replaceHouse({ m2: 80, lift: true, zone: 'a' });
  render(<Curves />);
  startEstimates();
  setVisible('whatIf', true);
  await vi.waitFor(() => expect(grids.length).toBeGreaterThan(1));
  return { house, slider: (await screen.findByRole('slider')) as HTMLInputElement };
}

const lastValues = (): unknown[] => grids.at(-1)?.vary.m2 ?? [];

it('offers the columns that a seller could change, and no history without dates', async () => {
  await shown();
  expect(screen.getAllByRole('option').map((option) => (option as HTMLOptionElement).value)).toEqual(['m2', 'lift']);
  expect(screen.getAllByRole('region')).toHaveLength(1);
});

it('asks for the usual values first, then beyond them, with the one of the house', async () => {
  await shown();
  expect(grids[0]?.vary).toEqual({ m2: null });
  const values = lastValues() as number[];
  expect(values).toContain(80);
  expect(Math.max(...values)).toBeGreaterThan(150);
  expect(Math.min(...values)).toBeLessThan(50);
});

it('sets the value of the house by the slider, and warns where few sales are similar', async () => {
  const { house, slider } = await shown();
  expect(document.querySelector('.curve-sparse')).toBeNull();
  fireEvent.input(slider, { target: { value: slider.max } });
  expect(house.value).toMatchObject({ m2: Number(slider.max) });
  await vi.waitFor(() => expect(document.querySelector('.curve-sparse')).not.toBeNull());
});

it('has every point in a table', async () => {
  await shown();
  await vi.waitFor(() => {
    const rows = within(screen.getByRole('table', { hidden: true })).getAllByRole('row', { hidden: true });
    expect(rows).toHaveLength(lastValues().length + 1);
  });
});

it('asks for another column when it is chosen', async () => {
  await shown();
  fireEvent.change(screen.getByRole('combobox'), { target: { value: 'lift' } });
  await vi.waitFor(() => expect(grids.at(-1)?.vary).toEqual({ lift: [false, true] }));
});
