/** What officers read for a camera's state and cause, and the one advice that goes with each. The compiler finds a forgotten case. */

import type { ParseKeys } from 'i18next';
import type { CameraState } from '@/shared/api/types';

type Key = ParseKeys;

/** Causes of the contract; the server's type is open, because a newer node may know more. */
type CameraCause = 'unreachable' | 'refused' | 'timeout' | 'auth' | 'not_found' | 'no_video' | 'unsupported_codec' | 'protocol' | 'stalled' | 'overload' | 'not_allowed';

export const STATE_TEXT: Record<CameraState, Key> = {
  online: 'camera.state.online',
  connecting: 'camera.state.connecting',
  offline: 'camera.state.offline',
  disabled: 'camera.state.disabled',
};

export const CAUSE_TEXT: Record<CameraCause, Key> = {
  unreachable: 'camera.cause.unreachable',
  refused: 'camera.cause.refused',
  timeout: 'camera.cause.timeout',
  auth: 'camera.cause.auth',
  not_found: 'camera.cause.not_found',
  no_video: 'camera.cause.no_video',
  unsupported_codec: 'camera.cause.unsupported_codec',
  protocol: 'camera.cause.protocol',
  stalled: 'camera.cause.stalled',
  overload: 'camera.cause.overload',
  not_allowed: 'camera.cause.not_allowed',
};

export const CAUSE_ADVICE: Record<CameraCause, Key> = {
  unreachable: 'camera.advice.unreachable',
  refused: 'camera.advice.refused',
  timeout: 'camera.advice.timeout',
  auth: 'camera.advice.auth',
  not_found: 'camera.advice.not_found',
  no_video: 'camera.advice.no_video',
  unsupported_codec: 'camera.advice.unsupported_codec',
  protocol: 'camera.advice.protocol',
  stalled: 'camera.advice.stalled',
  overload: 'camera.advice.overload',
  not_allowed: 'camera.advice.not_allowed',
};

const GAP_TEXT: Record<string, Key> = {
  camera_offline: 'gap.camera_offline',
  auth: 'gap.auth',
  network: 'gap.network',
  disk_full: 'gap.disk_full',
  io_error: 'gap.io_error',
  worker_crash: 'gap.worker_crash',
  overload_drop: 'gap.overload_drop',
  schedule: 'gap.schedule',
  operator_stop: 'gap.operator_stop',
  clock_step: 'gap.clock_step',
  power: 'gap.power',
  not_registered: 'gap.not_registered',
  deleted: 'gap.deleted',
  volume_lost: 'gap.volume_lost',
};

/** A newer node may know a cause that this console does not: it is then named as unknown, never shown raw. */
export const gapText = (cause: string): Key => GAP_TEXT[cause] ?? 'gap.unknown';

const isCause = (v: string): v is CameraCause => v in CAUSE_TEXT;
export const causeText = (cause: string): Key => (isCause(cause) ? CAUSE_TEXT[cause] : 'camera.cause.unknown');
export const causeAdvice = (cause: string): Key => (isCause(cause) ? CAUSE_ADVICE[cause] : 'camera.advice.unknown');

const CODEC_NAMES: Record<string, string> = { h264: 'H.264', h265: 'H.265', aac: 'AAC', pcma: 'G.711A', pcmu: 'G.711U', opus: 'Opus' };
export const codecName = (codec: string): string => CODEC_NAMES[codec] ?? codec.toUpperCase();
