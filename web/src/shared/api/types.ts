/** The values of the node's API that the console reads. */

export type CameraState = 'online' | 'connecting' | 'offline' | 'disabled';
export type CameraCause =
  | 'unreachable'
  | 'refused'
  | 'timeout'
  | 'auth'
  | 'not_found'
  | 'no_video'
  | 'unsupported_codec'
  | 'protocol'
  | 'stalled'
  | 'overload'
  | 'not_allowed';

export interface Profile {
  name: string;
  url: string;
  transport: 'auto' | 'tcp' | 'udp';
  codec: string | null;
  mime: string | null;
  width: number | null;
  height: number | null;
  fps: number | null;
  bitrate_bps: number | null;
  gop_ms: number | null;
  has_b_frames: boolean | null;
  audio: string | null;
}

export interface Camera {
  id: string;
  code: string | null;
  name: string;
  region_id: string | null;
  node_id: string;
  state: CameraState;
  cause: CameraCause | null;
  message: string | null;
  since: string | null;
  recording: boolean;
  record: string;
  enabled: boolean;
  username: string | null;
  has_password: boolean;
  last_frame_at: string | null;
  profiles: Profile[];
}

export interface Region {
  id: string;
  name: string;
  parent_id: string | null;
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface SystemInfo {
  node: { id: string; level?: string; name: string };
  version: string;
  time: string;
  counts: { online: number; recording: number; viewers: number };
}

export interface Me {
  id: string;
  name: string;
}

export interface Fact {
  id: string | number;
  type: string;
  at: string;
  subject: { kind: string; id: string } | null;
  data: Record<string, unknown>;
}

export interface RecordedSpan {
  from: string;
  to: string;
  kind: string;
  at: 'here' | 'below' | 'device';
  state: 'ok' | 'damaged' | 'held';
}

export interface GapSpan {
  from: string;
  to: string;
  cause: string;
  detail: string | null;
}

export interface TimelineAnswer {
  from: string;
  to: string;
  recorded: RecordedSpan[];
  gaps: GapSpan[];
}

export interface ProbeTrack {
  kind: 'video' | 'audio';
  codec: string;
  mime: string;
  width: number | null;
  height: number | null;
  fps: number | null;
}

export interface ProbeAnswer {
  ok: boolean;
  cause: string | null;
  message: string | null;
  tracks: ProbeTrack[];
  elapsed_ms: number;
}
