/** Problem codes as text in the user's language. The server sends codes and parameters, never sentences. */

import type { ParseKeys } from 'i18next';
import { ApiError, OFFLINE_CODE, type Problem } from '@/shared/api/http';

const TEXT: Record<string, ParseKeys> = {
  [OFFLINE_CODE]: 'problem.offline_browser',
  not_found: 'problem.not_found',
  no_recording: 'problem.no_recording',
  not_allowed: 'problem.not_allowed',
  forbidden: 'problem.forbidden',
  unauthorized: 'problem.signed_out',
  signed_out: 'problem.signed_out',
  invalid: 'problem.invalid',
  invalid_request: 'problem.invalid',
  conflict: 'problem.conflict',
  limit: 'problem.limit',
  unavailable: 'problem.unavailable',
};

const BY_STATUS: Record<number, ParseKeys> = {
  400: 'problem.invalid',
  401: 'problem.signed_out',
  403: 'problem.forbidden',
  404: 'problem.not_found',
  409: 'problem.conflict',
  422: 'problem.invalid',
  429: 'problem.limit',
  503: 'problem.unavailable',
};

export const problemText = (problem: Problem): ParseKeys => TEXT[problem.code] ?? BY_STATUS[problem.status] ?? 'problem.internal';

export const problemOfError = (error: unknown): Problem =>
  error instanceof ApiError ? error.problem : { status: 0, code: 'console', title: '', detail: String(error), params: {}, requestId: '' };
