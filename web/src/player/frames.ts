/** What comes over a media socket: binary frames and text messages. Pure parsing, nothing is kept. */

export const KIND_INIT = 1;
export const KIND_CHUNK = 2;
export const VIDEO_TRACK = 1;
const HEADER_BYTES = 16;

export interface MediaFrame {
  kind: typeof KIND_INIT | typeof KIND_CHUNK;
  track: number;
  seq: number;
  wallUs: number;
  bytes: Uint8Array<ArrayBuffer>;
}

export type ServerMessage =
  | { type: 'init'; track: number; mime: string; run: string; wallUs: number; seek: number | null }
  | { type: 'gap'; fromUs: number; toUs: number; cause: string }
  | { type: 'state'; state: string; cause: string | null; atUs: number }
  | { type: 'end'; cause: string | null };

/** One binary frame: u8 kind, u8 track, u16 0, u32 seq, i64 wall µs (big-endian), bytes. Null when it is not one. */
export function parseFrame(data: ArrayBuffer): MediaFrame | null {
  if (data.byteLength < HEADER_BYTES) return null;
  const view = new DataView(data);
  const kind = view.getUint8(0);
  if (kind !== KIND_INIT && kind !== KIND_CHUNK) return null;
  return {
    kind,
    track: view.getUint8(1),
    seq: view.getUint32(4),
    wallUs: Number(view.getBigInt64(8)),
    bytes: new Uint8Array(data, HEADER_BYTES),
  };
}

/** One text message; null for what this console does not know (a newer server may say more). */
export function parseMessage(text: string): ServerMessage | null {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof raw !== 'object' || raw === null) return null;
  const o = raw as Record<string, unknown>;
  switch (o['type']) {
    case 'init':
      if (typeof o['mime'] !== 'string') return null;
      return {
        type: 'init',
        track: num(o['track'], VIDEO_TRACK),
        mime: o['mime'],
        run: str(o['run']) ?? '',
        wallUs: num(o['wall_us'], 0),
        seek: typeof o['seek'] === 'number' ? o['seek'] : null,
      };
    case 'gap':
      return { type: 'gap', fromUs: num(o['from_us'], 0), toUs: num(o['to_us'], 0), cause: str(o['cause']) ?? 'unknown' };
    case 'state':
      return { type: 'state', state: str(o['state']) ?? '', cause: str(o['cause']), atUs: num(o['at_us'], 0) };
    case 'end':
      return { type: 'end', cause: str(o['cause']) };
    default:
      return null;
  }
}

const num = (v: unknown, other: number) => (typeof v === 'number' && Number.isFinite(v) ? v : other);
const str = (v: unknown) => (typeof v === 'string' ? v : null);
