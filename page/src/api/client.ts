/** Requests to the API: data, or an ApiError whose `kind` says what the page can do about it. */
import { apiKey, keyIsRefused } from '../state/settings';

export type ErrorKind = 'offline' | 'invalid' | 'busy' | 'unauthorised' | 'missing' | 'failed';

/** One error of a 422: FastAPI's form, with the line where the body was a table. */
export interface FieldFault {
  type: string;
  loc: (string | number)[];
  msg: string;
  line?: number;
}

export class ApiError extends Error {
  constructor(
    readonly kind: ErrorKind,
    readonly status: number,
    message: string,
    readonly faults: FieldFault[] = [],
    /** Seconds, from Retry-After. */
    readonly retryAfter: number | null = null,
    readonly code: string | null = null,
  ) {
    super(message);
  }
}

export interface RequestOptions {
  body?: BodyInit;
  contentType?: string;
  accept?: string;
  signal?: AbortSignal;
}

/** Return the response of a request that succeeded; POST where there is a body.
 *
 * @throws ApiError for every other outcome, and the AbortError of an aborted signal.
 */
export async function send(path: string, options: RequestOptions = {}): Promise<Response> {
  const headers = new Headers({ accept: options.accept ?? 'application/json' });
  if (options.contentType) headers.set('content-type', options.contentType);
  setKey(headers);
  const ask = () =>
    fetch(path, {
      method: options.body === undefined ? 'GET' : 'POST',
      headers,
      credentials: 'same-origin',
      ...(options.body === undefined ? {} : { body: options.body }),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  let response: Response;
  try {
    response = await ask();
    // The first answer may be that of the preload in index.html, which went without the key.
    if (response.status === 401 && apiKey.value && options.body === undefined) response = await ask();
  } catch (error) {
    throw options.signal?.aborted ? error : new ApiError('offline', 0, String(error));
  }
  if (response.status === 401) keyIsRefused.value = true;
  if (!response.ok) throw await refusal(response);
  return response;
}

/** Add the API key; one that no header can hold is none that a server knows. */
function setKey(headers: Headers): void {
  if (!apiKey.value) return;
  try {
    headers.set('x-api-key', apiKey.value);
  } catch (error) {
    keyIsRefused.value = true;
    throw new ApiError('unauthorised', 0, String(error));
  }
}

export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return read<T>(await send(path, signal ? { signal } : {}), signal);
}

export async function postJson<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  return postText<T>(path, JSON.stringify(body), 'application/json', signal);
}

/** Post a text of some media type; return the JSON of the answer. */
export async function postText<T>(path: string, body: string, contentType: string, signal?: AbortSignal): Promise<T> {
  return read<T>(await send(path, { body, contentType, ...(signal ? { signal } : {}) }), signal);
}

async function read<T>(response: Response, signal?: AbortSignal): Promise<T> {
  let text: string;
  try {
    text = await response.text();
  } catch (error) {
    throw signal?.aborted ? error : new ApiError('offline', 0, String(error));
  }
  try {
    return JSON.parse(text) as T;
  } catch {
    // A captive portal or a proxy may answer 200 with a page of its own.
    throw new ApiError('failed', response.status, 'not JSON');
  }
}

async function refusal(response: Response): Promise<ApiError> {
  const answer = (await response.json().catch(() => null)) as { detail?: unknown; code?: unknown } | null;
  const faults = Array.isArray(answer?.detail) ? answer.detail.filter(isFault) : [];
  const message = typeof answer?.detail === 'string' ? answer.detail : (faults[0]?.msg ?? response.statusText);
  const code = typeof answer?.code === 'string' ? answer.code : null;
  return new ApiError(kindOf(response.status), response.status, message, faults, retrySeconds(response), code);
}

/** A proxy may refuse with JSON of its own. */
function isFault(detail: unknown): detail is FieldFault {
  const { type, loc, msg } = (detail ?? {}) as Partial<FieldFault>;
  return typeof type === 'string' && Array.isArray(loc) && typeof msg === 'string';
}

function kindOf(status: number): ErrorKind {
  if (status === 422 || status === 413) return 'invalid';
  if (status === 401 || status === 403) return 'unauthorised';
  if (status === 404) return 'missing';
  if (status === 429 || status === 503) return 'busy';
  // What a proxy says while nothing listens behind it.
  if (status === 502 || status === 504) return 'offline';
  return 'failed';
}

/** Return the seconds of Retry-After, which may be a number or a date. */
function retrySeconds(response: Response): number | null {
  const header = response.headers.get('retry-after');
  if (!header) return null;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), 600) : null;
}
