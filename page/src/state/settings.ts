/** What a person chose for this browser: language, theme, API key. None of it is in a link. */
import { effect, signal } from '@preact/signals';

export const languages = ['en', 'es'] as const;
export type Language = (typeof languages)[number];
export const themes = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

export const language = signal<Language>(firstLanguage());
export const theme = signal<Theme>(stored('theme', themes) ?? 'auto');
/** Kept as long as the tab, since it is a secret. */
export const apiKey = signal<string>(read(() => sessionStorage, 'key') ?? '');

/** Set by every request that is refused for want of a valid key. */
export const keyIsRefused = signal(false);

/** Keep the settings in the storage of the browser, and on the root element. */
export function applySettings(): void {
  effect(() => {
    document.documentElement.lang = language.value;
  });
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
  });
}

export function setLanguage(value: Language): void {
  language.value = value;
  write(() => localStorage, 'language', value);
}

export function setTheme(value: Theme): void {
  theme.value = value;
  write(() => localStorage, 'theme', value);
}

export function setApiKey(value: string): void {
  apiKey.value = value;
  write(() => sessionStorage, 'key', value);
}

function firstLanguage(): Language {
  const chosen = stored('language', languages);
  if (chosen) return chosen;
  for (const tag of navigator.languages ?? []) {
    const match = languages.find((one) => tag.toLowerCase().split('-')[0] === one);
    if (match) return match;
  }
  return 'en';
}

function stored<T extends string>(name: string, allowed: readonly T[]): T | null {
  const value = read(() => localStorage, name);
  return allowed.find((one) => one === value) ?? null;
}

/** Browsers that block storage throw on the mere access. */
function read(store: () => Storage, name: string): string | null {
  try {
    return store().getItem(`houseprice.${name}`);
  } catch {
    return null;
  }
}

/** What cannot be kept, as in a storage that is full, holds for as long as the page is open. */
function write(store: () => Storage, name: string, value: string): void {
  try {
    store().setItem(`houseprice.${name}`, value);
  } catch {}
}
