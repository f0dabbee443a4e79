/** What the server says about its model; everything else waits for it. */
import { computed, signal } from '@preact/signals';
import { ApiError, getJson } from '../api/client';
import type { PageColumn, PageConfig } from '../api/page_config';
import { passes, pauseAfter } from './retry';

export const config = signal<PageConfig | null>(null);
export const configProblem = signal<ApiError | null>(null);
/** When the next attempt is made by itself, in milliseconds since 1970. */
export const configRetryAt = signal<number | null>(null);

const byName = computed(() => new Map((config.value?.columns ?? []).map((column) => [column.name, column])));

export function columnNamed(name: string): PageColumn | undefined {
  return byName.value.get(name);
}

export function columnWithRole(role: string): PageColumn | undefined {
  return config.value?.columns.find((column) => column.role === role);
}

let failures = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Load the configuration, again and again while the server is away; other problems are kept for the page to show. */
export async function loadConfig(): Promise<void> {
  clearTimeout(timer);
  configRetryAt.value = null;
  try {
    const answer = await getJson<PageConfig | null>('page-config');
    // A proxy may answer 200 with JSON of its own.
    if (!Array.isArray(answer?.columns)) throw new ApiError('failed', 200, 'unexpected answer');
    config.value = answer;
    configProblem.value = null;
  } catch (error) {
    const problem = error instanceof ApiError ? error : new ApiError('failed', 0, String(error));
    configProblem.value = problem;
    if (!passes(problem)) return;
    const delay = pauseAfter(problem, failures);
    failures += 1;
    configRetryAt.value = Date.now() + delay;
    timer = setTimeout(loadConfig, delay);
  }
}

export function retryConfig(): void {
  if (!config.peek()) void loadConfig();
}
