/** How long to wait before a request is made again. */
import type { ApiError } from '../api/client';

const PAUSES_SECONDS = [1, 2, 4, 8, 15, 30];

/** Return whether a request may succeed by itself later. */
export function passes(problem: ApiError): boolean {
  return problem.kind === 'offline' || problem.kind === 'busy';
}

/** Return the milliseconds until the next attempt: what the server asks for, or longer and longer pauses. */
export function pauseAfter(problem: ApiError, failures: number): number {
  const pause = PAUSES_SECONDS[Math.min(failures, PAUSES_SECONDS.length - 1)] ?? 30;
  return Math.max(problem.retryAfter ?? pause, 0.5) * 1000;
}
