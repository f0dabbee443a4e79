import { cleanup, fireEvent, render, screen } from '@testing-library/preact';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { config, configProblem, loadConfig } from '../state/config';
import { ignoredFields } from '../state/route';
import { apiKey, keyIsRefused, setApiKey, setLanguage } from '../state/settings';
import { madeConfig } from '../testing/made_config';
import { en } from '../words/en';
import { KeyDialog } from './key_dialog';
import { Notices } from './notices';

const SECRET = 'a key';

/** A server whose configuration needs a key, and which is away until it is started. */
function serve() {
  const server = { isUp: true };
  vi.stubGlobal('fetch', async (_path: string, init: RequestInit) => {
    if (!server.isUp) throw new TypeError('refused');
    const isAllowed = new Headers(init.headers).get('x-api-key') === SECRET;
    return isAllowed ? new Response(JSON.stringify(madeConfig)) : new Response('{}', { status: 401 });
  });
  return server;
}

beforeEach(() => {
  setLanguage('en');
  setApiKey('');
  config.value = null;
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  keyIsRefused.value = false;
  configProblem.value = null;
  ignoredFields.value = [];
});

test('the key is asked for, a wrong one is said to be wrong, and the right one opens the page', async () => {
  serve();
  render(<KeyDialog />);
  expect(document.querySelector('dialog')?.open).toBe(false);
  await loadConfig();
  await vi.waitUntil(() => document.querySelector('dialog')?.open);
  expect(screen.queryByText(en.problems.keyWrong)).toBeNull();
  const send = (key: string) => {
    fireEvent.input(screen.getByLabelText(en.problems.keyLabel), { target: { value: key } });
    const form = document.querySelector('form');
    if (form) fireEvent.submit(form);
  };
  send('another key');
  expect(await screen.findByText(en.problems.keyWrong)).toBeTruthy();
  await vi.waitUntil(() => document.querySelector('dialog')?.open);
  send(SECRET);
  await vi.waitUntil(() => config.value);
  expect(apiKey.value).toBe(SECRET);
  expect(document.querySelector('dialog')?.open).toBe(false);
  expect(sessionStorage.getItem('houseprice.key')).toBe(SECRET);
  expect(JSON.stringify(localStorage)).not.toContain(SECRET);
});

test('a server that is away is waited for, and the page goes on by itself when it is back', async () => {
  const server = serve();
  setApiKey(SECRET);
  server.isUp = false;
  render(<Notices />);
  await loadConfig();
  expect(await screen.findByText(en.problems.offline)).toBeTruthy();
  server.isUp = true;
  await vi.waitUntil(() => config.value, { timeout: 3000 });
  await vi.waitUntil(() => screen.queryByText(en.problems.offline) === null);
});

test('a configuration of somebody else is none', async () => {
  for (const body of ['null', '[]', '{"status": "ok"}']) {
    vi.stubGlobal('fetch', async () => new Response(body));
    await loadConfig();
    expect([config.value, configProblem.value?.kind]).toEqual([null, 'failed']);
  }
});

test('what a link holds too much is named as text, shortened, and can be dismissed', () => {
  config.value = madeConfig;
  ignoredFields.value = ['<img src=x onerror=alert(1)>', 'x'.repeat(5000), ...Array<string>(5000).fill('y')];
  const { container } = render(<Notices />);
  expect(container.textContent).toContain('<img src=x onerror=alert(1)>');
  expect(container.querySelector('img')).toBeNull();
  expect(container.textContent?.length).toBeLessThan(400);
  fireEvent.click(screen.getByText(en.page.dismiss));
  expect(ignoredFields.value).toEqual([]);
});
