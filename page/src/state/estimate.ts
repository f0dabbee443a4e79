/** The estimate of the house in the form, and the parts below it, each asked for only while it is visible. */
import { computed, effect, type ReadonlySignal, signal } from '@preact/signals';
import type { Comparables, Explanation, History, Prediction, Valuation, WhatIf } from '../api/answers';
import type { ApiError } from '../api/client';
import type { Value } from '../api/page_config';
import { config } from './config';
import { asRequest, type House, house, lastChange } from './house';
import { view } from './route';
import { type Part, type Question, Scheduler, type Status } from './scheduler';
import { excludedSales } from './selection';
import { apiKey } from './settings';

export type { Part, Status } from './scheduler';

export type Answer = Prediction & { valuation: Valuation };

export interface Estimate {
  status: Status;
  answer: Answer | null;
  house: House | null;
  problem: ApiError | null;
}

export type PartName = 'explanation' | 'comparables' | 'whatIf' | 'history';

const TYPING_PAUSE_MS = 25;

/** Parts on the screen; components set theirs by `useVisible`. */
export const visibleParts = signal<ReadonlySet<PartName>>(new Set());
/** The column whose curve is shown, and its values for a house: a number of points, a list, or null for the usual ones. */
export const whatIfRequest = signal<{ column: string; points: (house: House) => number | Value[] | null } | null>(null);

const scheduler = new Scheduler();
const headline = scheduler.add<Answer>(() => ask('predict?include=valuation'), {
  leads: true,
  accepts: ({ predicted_price, valuation }) => typeof predicted_price === 'number' && Boolean(valuation),
});

export const explanation: ReadonlySignal<Part<Explanation>> = scheduler.add<Explanation>(
  () => askPart(explanation, 'explanation', 'explain'),
  { accepts: (data) => Array.isArray(data.contributions) },
);
export const comparables: ReadonlySignal<Part<Comparables>> = scheduler.add<Comparables>(
  () => askPart(comparables, 'comparables', comparablesPath()),
  { accepts: (data) => Array.isArray(data.comparables) },
);
export const whatIf: ReadonlySignal<Part<WhatIf>> = scheduler.add<WhatIf>(askWhatIf, {
  accepts: (data) => Array.isArray(data.points),
});
export const history: ReadonlySignal<Part<History>> = scheduler.add<History>(
  () => askPart(history, 'history', 'history'),
  { accepts: (data) => Array.isArray(data.history) },
);

export const estimate: ReadonlySignal<Estimate> = computed(() => {
  const { status, data, house, problem } = headline.value;
  return { status, answer: data, house, problem };
});
/** When the next attempt is made by itself, in milliseconds since 1970. */
export const retryAt: ReadonlySignal<number | null> = scheduler.retryAt;

/** Follow the house, and what is visible, from now on. */
export function startEstimates(): void {
  effect(() => {
    void [house.value, apiKey.value, config.value];
    scheduler.update(lastChange.peek().typing ? TYPING_PAUSE_MS : 0);
  });
  effect(() => {
    void [visibleParts.value, excludedSales.value, whatIfRequest.value, view.value];
    scheduler.update();
  });
  window.addEventListener('online', retryEstimates);
}

export function retryEstimates(): void {
  scheduler.retry();
}

export function setVisible(part: PartName, visible: boolean): void {
  if (visibleParts.peek().has(part) === visible) return;
  const parts = new Set(visibleParts.peek());
  if (visible) parts.add(part);
  else parts.delete(part);
  visibleParts.value = parts;
}

/** Ask for a part from when it is visible first. In the background it is kept up, and the comparables are asked for in
 * any case: map and paper show them, too. */
function askPart(part: ReadonlySignal<Part<unknown>>, name: PartName, path: string): Question | null {
  const visible = visibleParts.peek().has(name);
  const background = part.peek().status !== 'idle' || (name === 'comparables' && config.peek()?.sales);
  if (headline.peek().status === 'failed' || !(visible || background)) return null;
  const question = ask(path);
  return question && { ...question, background: !visible };
}

function ask(path: string): Question | null {
  const current = house.peek();
  if (!config.peek() || view.peek() !== 'estimate') return null;
  return { path, body: asRequest(current), house: current };
}

function comparablesPath(): string {
  const excluded = excludedSales.peek();
  return excluded.length ? `comparables?exclude=${excluded.join(',')}` : 'comparables';
}

function askWhatIf(): Question | null {
  const request = whatIfRequest.peek();
  const question = askPart(whatIf, 'whatIf', 'what-if');
  if (!request || !question) return null;
  const points = request.points(question.house);
  return { ...question, body: { house: question.body, vary: { [request.column]: points } } };
}
