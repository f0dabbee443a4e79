/** Asks for one part after the other, the most important first; what a change overtakes is aborted. */
import { type Signal, signal } from '@preact/signals';
import { ApiError, postJson } from '../api/client';
import type { House } from './house';
import { passes, pauseAfter } from './retry';

/** `stale`: data of another house, or of a moment ago, which the page shows dimmed until `ready`. */
export type Status = 'idle' | 'loading' | 'ready' | 'stale' | 'failed';

export interface Part<T> {
  status: Status;
  data: T | null;
  /** The house that `data` belongs to. */
  house: House | null;
  problem: ApiError | null;
}

export interface Question {
  path: string;
  body: unknown;
  house: House;
  /** Nobody looks at the answer now: it waits until all others have theirs. */
  background?: boolean;
}

interface Task {
  /** What the page would ask now; null where nothing needs it. */
  question: () => Question | null;
  part: Signal<Part<unknown>>;
  /** The question that asking again would not answer otherwise, and why there are no data for it, if so. */
  settled: { key: string; problem: ApiError | null } | null;
  /** Whether the tasks after it make no sense without it. */
  leads: boolean;
  accepts: (data: unknown) => boolean;
}

/** A price costs the server a millisecond or two, an explanation fifty: these wait for the end of a number. */
const PARTS_PAUSE_MS = 250;

export class Scheduler {
  /** When the next attempt is made, in milliseconds since 1970; null while none is due. */
  readonly retryAt = signal<number | null>(null);
  private readonly tasks: Task[] = [];
  private running: { key: string; controller: AbortController } | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  /** Until then the server asked to be left alone. */
  private notBefore = 0;
  /** Until then somebody may be typing on, and only what leads is asked for. */
  private partsNotBefore = 0;

  /** Add a task after those that are there; return the signal that holds its answers. */
  add<T>(
    question: () => Question | null,
    options: { leads?: boolean; accepts?: (data: T) => boolean } = {},
  ): Signal<Part<T>> {
    const part = signal<Part<T>>({ status: 'idle', data: null, house: null, problem: null });
    this.tasks.push({
      question,
      part: part as Signal<Part<unknown>>,
      settled: null,
      leads: options.leads ?? false,
      accepts: (data) => data !== null && (options.accepts?.(data as T) ?? true),
    });
    return part;
  }

  /** Look at all questions again, `delay` milliseconds from now; abort and dim at once what they overtake. */
  update(delay = 0): void {
    let runningIsWanted = false;
    for (const task of this.tasks) {
      const question = task.question();
      if (!question) continue;
      const key = keyOf(question);
      if (this.running?.key === key) runningIsWanted = true;
      if (this.running?.key === key) continue;
      if (task.settled?.key === key) settle(task);
      else dim(task);
    }
    if (!runningIsWanted) this.stop();
    this.failures = 0;
    if (delay > 0) this.partsNotBefore = Date.now() + PARTS_PAUSE_MS;
    this.wait(Math.max(delay, this.notBefore - Date.now()));
  }

  /** Ask again now for what failed. */
  retry(): void {
    for (const task of this.tasks) if (task.part.peek().status === 'failed') task.settled = null;
    this.notBefore = 0;
    this.update();
  }

  private stop(): void {
    this.running?.controller.abort();
    this.running = null;
  }

  private wait(delay: number): void {
    clearTimeout(this.timer);
    // At once means before the page is drawn anew, which takes as long as an answer.
    if (delay <= 0) this.next();
    else this.timer = setTimeout(() => this.next(), delay);
  }

  private next(): void {
    if (this.running) return;
    this.retryAt.value = null;
    let later: (() => Promise<void>) | null = null;
    for (const task of this.tasks) {
      const question = task.question();
      if (!question) continue;
      if (keyOf(question) !== task.settled?.key) {
        const pause = task.leads ? 0 : this.partsNotBefore - Date.now();
        if (pause > 0) {
          this.wait(pause);
          return;
        }
        if (!question.background) {
          void this.ask(task, question);
          return;
        }
        later ??= () => this.ask(task, question);
      }
      if (task.leads && task.part.peek().status === 'failed') return;
    }
    void later?.();
  }

  private async ask(task: Task, question: Question): Promise<void> {
    const key = keyOf(question);
    const controller = new AbortController();
    this.running = { key, controller };
    dim(task);
    try {
      const data = await postJson<unknown>(question.path, question.body, controller.signal);
      if (controller.signal.aborted) return;
      // A proxy may answer 200 with JSON of its own.
      if (!task.accepts(data)) throw new ApiError('failed', 200, 'unexpected answer');
      this.failures = 0;
      task.settled = { key, problem: null };
      task.part.value = { status: 'ready', data, house: question.house, problem: null };
    } catch (error) {
      if (controller.signal.aborted) return;
      const problem = error instanceof ApiError ? error : new ApiError('failed', 0, String(error));
      // The beginning of a number is no mistake yet.
      if (problem.kind === 'invalid') await passed(this.partsNotBefore);
      if (controller.signal.aborted) return;
      task.part.value = { ...task.part.peek(), status: 'failed', problem };
      this.running = null;
      if (passes(problem)) return this.later(problem);
      task.settled = { key, problem };
    }
    this.running = null;
    this.next();
  }

  private later(problem: ApiError): void {
    const delay = pauseAfter(problem, this.failures);
    this.failures += 1;
    if (problem.retryAfter !== null) this.notBefore = Date.now() + delay;
    this.wait(delay);
    this.retryAt.value = Date.now() + delay;
  }
}

/** Data of another question are shown dimmed. */
function dim({ part }: Task): void {
  const before = part.peek();
  const status = before.data === null ? 'loading' : 'stale';
  if (before.status !== status) part.value = { ...before, status };
}

/** Return to the outcome that is known already. */
function settle({ part, settled }: Task): void {
  const before = part.peek();
  const problem = settled?.problem ?? null;
  const status = problem ? 'failed' : 'ready';
  if (before.status !== status) part.value = { ...before, status, problem };
}

function passed(time: number): Promise<void> {
  const pause = time - Date.now();
  return pause > 0 ? new Promise((resolve) => setTimeout(resolve, pause)) : Promise.resolve();
}

function keyOf(question: Question): string {
  return `${question.path} ${JSON.stringify(question.body)}`;
}
