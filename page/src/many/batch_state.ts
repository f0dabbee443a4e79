/** The table that is priced, its results, and how far pricing has come. It outlives a change of view. */
import { computed, signal } from '@preact/signals';
import { ApiError, type ErrorKind, postText } from '../api/client';
import { config } from '../state/config';
import {
  type BatchPrediction,
  type BlockAnswer,
  BlockRefusedError,
  blockDelimiter,
  priceTable,
  type RowResult,
} from './batch';
import { CsvError } from './csv';
import type { Decimal, Delimiter } from './dialect';
import { type HouseTable, readTable } from './table';

export type RunStatus = 'idle' | 'running' | 'done' | 'cancelled' | 'failed';

export interface Run {
  status: RunStatus;
  /** When the next attempt is made after a failed one, in milliseconds since 1970. */
  retryAt: number | null;
  /** Why it stopped; `said` is the server's sentence about a table that it refuses. */
  problem: { kind: ErrorKind; said: string } | null;
}

export const source = signal<{ name: string | null; text: string } | null>(null);
export const sourceProblem = signal<CsvError | null>(null);
export const declared = signal<{ delimiter?: Delimiter; decimal?: Decimal }>({});
export const keepUnknown = signal(true);
const IDLE: Run = { status: 'idle', retryAt: null, problem: null };
export const run = signal<Run>(IDLE);
/** One for each row of the table; the array is new whenever a block has been answered. */
export const results = signal<RowResult[]>([]);

const BLOCK_ROWS = 500;
const FIRST_PAUSE_SECONDS = 2;
const LONGEST_PAUSE_SECONDS = 30;
let abort: AbortController | null = null;

const read = computed<HouseTable | CsvError | null>(() => {
  const [given, known] = [source.value, config.value];
  if (!given || !known) return null;
  try {
    return readTable(given.text, known.columns, declared.value);
  } catch (error) {
    if (error instanceof CsvError) return error;
    throw error;
  }
});
export const table = computed(() => (read.value instanceof CsvError ? null : read.value));
export const problem = computed(() => sourceProblem.value ?? (read.value instanceof CsvError ? read.value : null));

export function takeText(name: string | null, text: string): void {
  discard();
  source.value = { name, text };
}

/** Forget the table and what was priced of it. */
export function discard(): void {
  abort?.abort();
  abort = null; // whatever still ends of it is no longer heard
  source.value = null;
  sourceProblem.value = null;
  declare({});
}

/** Read the table anew in another way. */
export function declare(how: { delimiter?: Delimiter; decimal?: Decimal }): void {
  declared.value = how;
  run.value = IDLE;
  results.value = [];
}

export function cancel(): void {
  abort?.abort();
}

/** Price all rows that have no result yet. */
export async function priceAll(): Promise<void> {
  const [rows, known] = [table.peek(), config.peek()];
  if (!rows || !known || run.peek().status === 'running') return;
  const own = new AbortController();
  abort = own;
  const found: RowResult[] = rows.rows.map((_, index) => results.peek()[index] ?? null);
  const show = () => {
    if (abort === own) results.value = [...found];
  };
  run.value = { ...IDLE, status: 'running' };
  try {
    await priceTable(
      rows,
      (csv) => {
        show();
        return sendPatiently(csv, rows, own.signal);
      },
      (index, result) => {
        found[index] = result;
      },
      Math.min(known.max_rows, BLOCK_ROWS),
      (index) => (found[index] ?? null) !== null,
    );
    finish(own, { ...IDLE, status: 'done' });
  } catch (error) {
    finish(own, ended(error, own.signal));
  }
  show();
}

function finish(own: AbortController, state: Run): void {
  if (abort === own) run.value = state;
}

function ended(error: unknown, signal: AbortSignal): Run {
  if (signal.aborted) return { ...IDLE, status: 'cancelled' };
  if (!(error instanceof ApiError || error instanceof BlockRefusedError)) throw error;
  const kind = error instanceof ApiError ? error.kind : error.errors.length > 0 ? 'invalid' : 'failed';
  return { ...IDLE, status: 'failed', problem: { kind, said: kind === 'invalid' ? error.message : '' } };
}

/** Send a block, again after a pause where the server is busy or away. */
async function sendPatiently(csv: string, rows: HouseTable, signal: AbortSignal): Promise<BlockAnswer> {
  for (let pause = FIRST_PAUSE_SECONDS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_SECONDS)) {
    try {
      return await sendBlock(csv, rows, signal);
    } catch (error) {
      if (!(error instanceof ApiError) || !['busy', 'offline'].includes(error.kind)) throw error;
      await rest(error.retryAfter ?? pause, signal);
    }
  }
}

async function sendBlock(csv: string, rows: HouseTable, signal: AbortSignal): Promise<BlockAnswer> {
  try {
    const contentType = `text/csv; delimiter="${blockDelimiter(rows)}"; decimal="${rows.decimal}"`;
    const answer = await postText<{ predictions: BatchPrediction[] } | null>('batch-predict', csv, contentType, signal);
    // A proxy may answer 200 with JSON of its own.
    if (!Array.isArray(answer?.predictions)) throw new ApiError('failed', 200, 'unexpected answer');
    return answer;
  } catch (error) {
    if (error instanceof ApiError && error.faults.length > 0) return { errors: error.faults };
    throw error;
  }
}

function rest(seconds: number, signal: AbortSignal): Promise<void> {
  run.value = { ...run.peek(), retryAt: Date.now() + seconds * 1000 };
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      run.value = { ...run.peek(), retryAt: null };
      resolve();
    }, seconds * 1000);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
