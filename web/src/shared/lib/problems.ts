/** Problem codes as text in the user's language. The server sends codes and parameters, never sentences. */

import type { ParseKeys } from 'i18next';
import { ApiError, OFFLINE_CODE, type Problem } from '@/shared/api/http';

/** Error kinds of the node (docs/ref/errors.md). */
const TEXT: Record<string, ParseKeys> = {
  [OFFLINE_CODE]: 'problem.offline_browser',
  bad_request: 'problem.invalid',
  unauthenticated: 'problem.signed_out',
  forbidden: 'problem.forbidden',
  not_found: 'problem.not_found',
  no_recording: 'problem.no_recording',
  conflict: 'problem.conflict',
  not_acceptable: 'problem.not_acceptable',
  precondition: 'problem.precondition',
  too_large: 'problem.too_large',
  limit: 'problem.limit',
  overload: 'problem.limit',
  unavailable: 'problem.unavailable',
  timeout: 'problem.timeout',
  not_allowed: 'problem.not_allowed',
  disk_full: 'problem.disk_full',
  io_error: 'problem.io_error',
  damaged: 'problem.damaged',
  unreachable: 'camera.cause.unreachable',
  refused: 'camera.cause.refused',
  auth: 'camera.cause.auth',
  no_video: 'camera.cause.no_video',
  unsupported_codec: 'camera.cause.unsupported_codec',
  protocol: 'camera.cause.protocol',
  stalled: 'camera.cause.stalled',
};

const BY_STATUS: Record<number, ParseKeys> = {
  400: 'problem.invalid',
  401: 'problem.signed_out',
  403: 'problem.forbidden',
  404: 'problem.not_found',
  409: 'problem.conflict',
  412: 'problem.precondition',
  413: 'problem.too_large',
  422: 'problem.invalid',
  429: 'problem.limit',
  502: 'problem.unavailable',
  503: 'problem.unavailable',
  504: 'problem.timeout',
};

export const problemText = (problem: Problem): ParseKeys => TEXT[problem.code] ?? BY_STATUS[problem.status] ?? 'problem.internal';

export const problemOfError = (error: unknown): Problem =>
  error instanceof ApiError ? error.problem : { status: 0, code: 'console', title: '', detail: String(error), params: {}, requestId: '' };
