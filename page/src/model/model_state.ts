/** What `GET /model` says, loaded when it is first shown. */
import { signal } from '@preact/signals';
import { ApiError, getJson } from '../api/client';
import type { ModelFacts } from './facts';

export const facts = signal<ModelFacts | null>(null);
export const factsProblem = signal<ApiError | null>(null);

export async function loadFacts(): Promise<void> {
  if (facts.peek()) return;
  try {
    const answer = await getJson<ModelFacts | null>('model');
    // A proxy may answer 200 with JSON of its own.
    if (!answer?.metrics) throw new ApiError('failed', 200, 'unexpected answer');
    facts.value = answer;
    factsProblem.value = null;
  } catch (error) {
    factsProblem.value = error instanceof ApiError ? error : new ApiError('failed', 0, String(error));
  }
}
