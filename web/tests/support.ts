/** Bytes and values that several tests build. */

import type { Camera } from '@/shared/api/types';

export function box(type: string, ...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const size = 8 + parts.reduce((n, p) => n + p.byteLength, 0);
  const out = new Uint8Array(size);
  new DataView(out.buffer).setUint32(0, size);
  out.set(new TextEncoder().encode(type), 4);
  let at = 8;
  for (const part of parts) {
    out.set(part, at);
    at += part.byteLength;
  }
  return out;
}

export function words(...values: number[]): Uint8Array {
  const out = new Uint8Array(values.length * 4);
  values.forEach((v, i) => new DataView(out.buffer).setUint32(i * 4, v >>> 0));
  return out;
}

/** An Init whose track has this timescale. */
export const makeInit = (timescale: number): Uint8Array<ArrayBuffer> => box('moov', box('trak', box('mdia', box('mdhd', words(0, 0, 0, timescale, 0, 0)))));

/** A Chunk: base decode time, and per frame duration and composition shift. */
export function makeChunk(base: number, frames: readonly { duration: number; shift?: number }[]): Uint8Array<ArrayBuffer> {
  const high = Math.floor(base / 2 ** 32);
  const tfdt = box('tfdt', words(0x01000000, high, base % 2 ** 32));
  const trun = box('trun', words(0x01000901, frames.length, 0), ...frames.map((f) => words(f.duration, f.shift ?? 0)));
  return box('moof', box('traf', box('tfhd', words(0x020000, 1)), tfdt, trun));
}

export function makeFrame(kind: number, track: number, wallUs: bigint, body: Uint8Array): ArrayBuffer {
  const out = new ArrayBuffer(16 + body.byteLength);
  const view = new DataView(out);
  view.setUint8(0, kind);
  view.setUint8(1, track);
  view.setUint32(4, 7);
  view.setBigInt64(8, wallUs);
  new Uint8Array(out, 16).set(body);
  return out;
}

export function makeCamera(overrides: Partial<Camera> = {}): Camera {
  return {
    id: 'c1',
    code: '11010101001320000001',
    name: '东华门 1 号',
    region_id: null,
    node_id: 'n1',
    record: 'always',
    enabled: true,
    username: 'admin',
    has_password: true,
    created_at: '2026-05-01T08:00:00.000000Z',
    changed_at: '2026-05-01T08:00:00.000000Z',
    state: 'online',
    cause: null,
    message: null,
    since: null,
    recording: true,
    last_frame_at: null,
    profiles: [],
    edge_days: 0,
    ...overrides,
  };
}
