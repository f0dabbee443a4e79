/** Grows whenever the colours of the page change, since canvases do not follow the theme by themselves. */
import { effect, signal } from '@preact/signals';
import { theme } from '../state/settings';

export const themeVersion = signal(0);

const grow = () => {
  themeVersion.value = themeVersion.peek() + 1;
};

window.matchMedia?.('(prefers-color-scheme: dark)').addEventListener('change', grow);
effect(() => {
  void theme.value;
  grow();
});
