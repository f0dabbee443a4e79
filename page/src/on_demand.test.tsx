import { render, screen, waitFor } from '@testing-library/preact';
import { expect, test, vi } from 'vitest';
import { onDemand } from './on_demand';

test('fetches the code once, and shows the component', async () => {
  const fetchComponent = vi.fn(async () => () => <p>here</p>);
  const View = onDemand(fetchComponent);
  render(<View />);
  await screen.findByText('here');
  render(<View />);
  expect(screen.getAllByText('here')).toHaveLength(2);
  expect(fetchComponent).toHaveBeenCalledTimes(1);
});

test('offers to try again where the code cannot be fetched', async () => {
  let away = true;
  const View = onDemand(async () => {
    if (away) throw new TypeError('Failed to fetch');
    return () => <p>back</p>;
  });
  const shown = render(<View />);
  const again = await shown.findByRole('button');
  expect(shown.getByRole('alert')).toBeTruthy();
  away = false;
  again.click();
  await waitFor(() => shown.getByText('back'));
  expect(shown.queryByRole('alert')).toBeNull();
});
