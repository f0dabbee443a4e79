import { cleanup, fireEvent, render, screen } from '@testing-library/preact';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { config } from '../state/config';
import { estimate, startEstimates } from '../state/estimate';
import { house, replaceHouse, typicalHouse } from '../state/house';
import { setLanguage } from '../state/settings';
import { madeConfig } from '../testing/made_config';
import { en } from '../words/en';
import { es } from '../words/es';
import { Form } from './form';

let answer: () => Response;

beforeEach(() => {
  answer = () => new Response('{}');
  vi.stubGlobal('fetch', async () => answer());
  setLanguage('en');
  config.value = madeConfig;
  replaceHouse(typicalHouse(madeConfig));
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function area(): HTMLInputElement {
  return screen.getByLabelText(/^Living area|^Superficie habitable/);
}

test('every column has a labelled control with its typical value', () => {
  render(<Form />);
  expect(area().value).toBe('1,600');
  expect(screen.getByLabelText<HTMLInputElement>('Rooms in all').value).toBe('3');
  expect(screen.getByLabelText<HTMLSelectElement>('Grade').value).toBe('good');
  expect(screen.getByLabelText<HTMLSelectElement>('Pool').value).toBe('false');
  expect(screen.getByLabelText<HTMLInputElement>('Place name').value).toBe('<b>3</b>');
  expect(document.querySelector('b')).toBeNull();
});

test('numbers are read as they are typed, and written in the language when the field is left', () => {
  render(<Form />);
  fireEvent.input(area(), { target: { value: '2500' } });
  expect(house.value.area).toBe(2500);
  expect(area().value).toBe('2500');
  fireEvent.blur(area());
  expect(area().value).toBe('2,500');
});

test('Spanish takes and shows a decimal comma', () => {
  setLanguage('es');
  render(<Form />);
  fireEvent.input(area(), { target: { value: '2.500,5' } });
  fireEvent.blur(area());
  expect(house.value.area).toBe(2500.5);
  expect(area().value).toBe('2.500,5');
});

test('an optional field may be emptied, and arrow keys step within the bounds', () => {
  render(<Form />);
  fireEvent.change(screen.getByLabelText('Pool'), { target: { value: '' } });
  expect(house.value.pool).toBeNull();
  const rooms = screen.getByLabelText('Rooms in all');
  for (let presses = 0; presses < 5; presses += 1) fireEvent.keyDown(rooms, { key: 'ArrowDown' });
  expect(house.value.rooms).toBe(0);
  fireEvent.keyDown(rooms, { key: 'ArrowUp' });
  expect(house.value.rooms).toBe(1);
});

test('what is unusual is hinted at, without being an error', () => {
  render(<Form />);
  fireEvent.input(area(), { target: { value: '20000' } });
  expect(screen.getByText(en.form.unusual('290', '13,540'))).toBeTruthy();
  expect(area().getAttribute('aria-invalid')).toBeNull();
  fireEvent.input(screen.getByLabelText('Place name'), { target: { value: 'elsewhere' } });
  expect(screen.getByText(en.form.unknown)).toBeTruthy();
});

test('the button returns to the typical house', () => {
  render(<Form />);
  fireEvent.input(area(), { target: { value: '99' } });
  fireEvent.click(screen.getByText(en.form.reset));
  expect(house.value).toEqual(typicalHouse(madeConfig));
});

test('a refusal stands beside its field, in the language of the reader', async () => {
  const faults = [
    { type: 'float_type', loc: ['body', 'area'], msg: 'server words' },
    { type: 'of_the_future', loc: ['body', 'rooms'], msg: '<i>server words</i>' },
  ];
  answer = () => new Response(JSON.stringify({ detail: faults }), { status: 422 });
  startEstimates();
  render(<Form />);
  fireEvent.input(area(), { target: { value: 'much' } });
  expect(house.value.area).toBe('much');
  await vi.waitUntil(() => estimate.value.status === 'failed');
  await vi.waitUntil(() => area().getAttribute('aria-invalid') === 'true');
  const described = area().getAttribute('aria-describedby')?.split(' ') ?? [];
  expect(described.map((id) => document.getElementById(id)?.textContent)).toContain(en.form.faults.number);
  expect(screen.getByText('<i>server words</i>')).toBeTruthy();
  setLanguage('es');
  expect(await screen.findByText(es.form.faults.number)).toBeTruthy();
});
