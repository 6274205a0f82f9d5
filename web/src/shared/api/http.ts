/** The generated client, set up once: same origin, and problem+json as a typed error. */

import { client } from '@/client/client.gen';

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

/** The code of a call that never reached the node. */
export const OFFLINE_CODE = 'offline_browser';

let onSignedOut: () => void = () => undefined;

/** The one place that hears of an ended session. */
export function whenSignedOut(act: () => void): void {
  onSignedOut = act;
}

export const signedOut = (): void => onSignedOut();

/** What a failed call means. Without an answer the node was not reached; a proxy's HTML page has no problem in it, its status must do. */
export function problemFrom(body: unknown, response: Pick<Response, 'status' | 'headers'> | undefined): Problem {
  if (!response) return { status: 0, code: OFFLINE_CODE, title: '', detail: '', params: {}, requestId: '' };
  const raw = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const text = (key: string) => (typeof raw[key] === 'string' ? raw[key] : '');
  return {
    status: response.status,
    code: text('code') || `http_${response.status}`,
    title: text('title'),
    detail: text('detail'),
    params: typeof raw['params'] === 'object' && raw['params'] !== null ? (raw['params'] as Record<string, unknown>) : {},
    requestId: text('request_id') || (response.headers.get('x-request-id') ?? ''),
  };
}

// A page of another site cannot send this header, which is how the node knows that a change comes from its own console.
client.setConfig({ baseUrl: '', credentials: 'same-origin', headers: { 'X-VMS-CSRF': '1' } });
client.interceptors.error.use((error, response, request) => {
  if (request?.signal.aborted) return error;
  const problem = problemFrom(error, response);
  if (problem.status === 401 && !request?.url.endsWith('/sessions')) onSignedOut();
  return new ApiError(problem);
});
