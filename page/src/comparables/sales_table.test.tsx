import { cleanup, fireEvent, render, screen, within } from '@testing-library/preact';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Comparable } from '../api/answers';
import type { PageConfig } from '../api/page_config';
import { config } from '../state/config';
import { excludedSales } from '../state/selection';
import { tableRows } from './left_out';
import { SalesTable } from './sales_table';

const house = { area: 100 };
const sale = (id: string, price: number, distance: number): Comparable => ({
  id,
  price,
  distance,
  sale_date: '2015-01-02',
  time_adjusted_price: price,
  adjusted_price: price + 1250.5,
  adjustments: [
    { name: 'market', amount: 2000.25 },
    { name: 'area', amount: -749.75 },
  ],
  weight: 0.5,
  alike_in: [],
  different_in: [],
  text: '',
  house: { area: '<img src=x onerror=alert(1)>' },
});
const sales = [sale('a', 300_000, 0.01), sale('b', 200_000, 0.05), sale('c', 250_000, 0.09)];

function Table() {
  return <SalesTable rows={tableRows(sales, house)} house={house} />;
}

const digits = (text: string | null): number => Number((text ?? '').replace(/[^\d-]/g, ''));
const prices = (): number[] =>
  screen
    .getAllByRole('row')
    .slice(1)
    .map((row) => digits(within(row).getAllByRole('cell')[2]?.textContent ?? ''));

const columns = [{ name: 'area', kind: 'category', role: 'living_area', description: 'Area', unit: null }];

beforeEach(() => {
  config.value = { columns, currency: 'USD' } as unknown as PageConfig;
  excludedSales.value = [];
});
afterEach(cleanup);

describe('SalesTable', () => {
  it('begins with the most similar sale', () => {
    render(<Table />);
    expect(prices()).toEqual([300_000, 200_000, 250_000]);
  });

  it('sorts by a column, the other way round at the second click, and says so', () => {
    render(<Table />);
    const heading = screen.getAllByRole('columnheader')[2] as HTMLElement;
    fireEvent.click(within(heading).getByRole('button'));
    expect(prices()).toEqual([300_000, 250_000, 200_000]);
    expect(heading.getAttribute('aria-sort')).toBe('descending');
    fireEvent.click(within(heading).getByRole('button'));
    expect(prices()).toEqual([200_000, 250_000, 300_000]);
    expect(heading.getAttribute('aria-sort')).toBe('ascending');
  });

  it('leaves a sale out where it stands, and takes it back', () => {
    render(<Table />);
    const box = () => screen.getAllByRole('checkbox')[1] as HTMLInputElement;
    fireEvent.click(box());
    expect(excludedSales.value).toEqual(['b']);
    expect(box().checked).toBe(false);
    fireEvent.click(box());
    expect(excludedSales.value).toEqual([]);
    expect(box().checked).toBe(true);
  });

  it('shows the steps from the price paid to the adjusted price, which add up', () => {
    render(<Table />);
    fireEvent.click(screen.getAllByRole('button', { expanded: false })[0] as HTMLElement);
    const steps = screen.getAllByRole('table')[1] as HTMLElement;
    const amounts = within(steps)
      .getAllByRole('row')
      .slice(1)
      .map((row) => digits(row.lastElementChild?.textContent ?? ''));
    expect(amounts).toHaveLength(4);
    expect(amounts.slice(0, -1).reduce((sum, amount) => sum + amount, 0)).toBe(amounts.at(-1));
    expect(amounts.at(-1)).toBe(301_251);
  });

  it('shows markup in the data as text', () => {
    const { container } = render(<Table />);
    fireEvent.click(screen.getAllByRole('button', { expanded: false })[0] as HTMLElement);
    expect(container.querySelector('img')).toBeNull();
    expect(container.textContent).toContain('<img src=x');
  });
});
