/** One way to call the node: same origin, JSON, problem+json as a typed error. */

export interface Problem {
  status: number;
  code: string;
  title: string;
  detail: string;
  params: Record<string, unknown>;
  requestId: string;
}

export class ApiError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.code);
  }
}

export const OFFLINE_CODE = 'offline_browser';

type Query = Record<string, string | number | undefined>;

interface Call {
  query?: Query;
  body?: unknown;
  signal?: AbortSignal;
  headers?: Record<string, string>;
}

let onSignedOut: () => void = () => undefined;

/** The one place that hears of an ended session. */
export function whenSignedOut(act: () => void): void {
  onSignedOut = act;
}

export const signedOut = (): void => onSignedOut();

export async function call<T>(method: string, path: string, { query, body, signal, headers }: Call = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}${queryText(query)}`, {
      method,
      credentials: 'same-origin',
      headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError({ status: 0, code: OFFLINE_CODE, title: '', detail: '', params: {}, requestId: '' });
  }
  if (!response.ok) {
    const problem = await problemOf(response);
    if (response.status === 401 && path !== '/sessions') onSignedOut();
    throw new ApiError(problem);
  }
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

function queryText(query: Query | undefined): string {
  const pairs = Object.entries(query ?? {}).filter((pair): pair is [string, string | number] => pair[1] !== undefined && pair[1] !== '');
  if (pairs.length === 0) return '';
  return `?${new URLSearchParams(pairs.map(([k, v]) => [k, String(v)])).toString()}`;
}

async function problemOf(response: Response): Promise<Problem> {
  let raw: Record<string, unknown> = {};
  try {
    raw = (await response.json()) as Record<string, unknown>;
  } catch {
    // A proxy's HTML page has no problem in it: the status alone must do.
  }
  const text = (key: string) => (typeof raw[key] === 'string' ? raw[key] : '');
  return {
    status: response.status,
    code: text('code') || `http_${response.status}`,
    title: text('title'),
    detail: text('detail'),
    params: (raw['params'] as Record<string, unknown> | undefined) ?? {},
    requestId: text('request_id') || (response.headers.get('x-request-id') ?? ''),
  };
}
