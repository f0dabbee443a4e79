import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

const refuse = () => {
  throw new DOMException('', 'QuotaExceededError');
};

test.each([
  ['is full', () => ({ getItem: () => null, setItem: refuse })],
  ['refuses to be read', () => ({ getItem: refuse, setItem: refuse })],
])('a browser whose storage %s keeps the settings as long as the page is open', async (_, store) => {
  vi.stubGlobal('localStorage', store());
  vi.stubGlobal('sessionStorage', store());
  const { apiKey, language, setApiKey, setLanguage, setTheme, theme } = await import('./settings');
  setLanguage('es');
  setTheme('dark');
  setApiKey('secret');
  expect([language.value, theme.value, apiKey.value]).toEqual(['es', 'dark', 'secret']);
});
