import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import { effect } from '@preact/signals';
import { render } from 'preact';
import { App } from './app';
import './styles/print.css';
import { config, loadConfig } from './state/config';
import { startEstimates } from './state/estimate';
import { startRouting } from './state/route';
import { applySettings } from './state/settings';
import { readableTitle } from './words/labels';

applySettings();
const root = document.getElementById('app');
root?.replaceChildren();
if (root) render(<App />, root);
const stop = effect(() => {
  if (!config.value) return;
  document.title = readableTitle(config.value.title);
  startRouting(config.value);
  startEstimates();
  queueMicrotask(() => stop());
});
void loadConfig();
