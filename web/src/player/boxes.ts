/** The few ISO BMFF facts the player needs: timescale of an Init, and the frames of a Chunk. Pure, bounds-checked by DataView. */

export interface ChunkTimes {
  /** Decode time of the first frame, in ticks of the track's timescale, counted from the start of the run. */
  base: number;
  /** Presentation time of the first frame in decoding order: what the chunk's wall time names. */
  shown: number;
  /** Presentation time of each frame, same ticks, ascending. */
  frames: number[];
  /** End of the last frame in decoding order. */
  end: number;
}

interface Box {
  type: string;
  start: number;
  end: number;
}

function* boxes(view: DataView, from: number, to: number): Generator<Box> {
  let at = from;
  while (at + 8 <= to) {
    let size = view.getUint32(at);
    let head = 8;
    if (size === 1) {
      size = Number(view.getBigUint64(at + 8));
      head = 16;
    } else if (size === 0) size = to - at;
    if (size < head || at + size > to) return;
    const type = String.fromCharCode(view.getUint8(at + 4), view.getUint8(at + 5), view.getUint8(at + 6), view.getUint8(at + 7));
    yield { type, start: at + head, end: at + size };
    at += size;
  }
}

function find(view: DataView, path: readonly string[], from: number, to: number): Box | null {
  const [name, ...rest] = path;
  for (const box of boxes(view, from, to)) {
    if (box.type !== name) continue;
    return rest.length === 0 ? box : find(view, rest, box.start, box.end);
  }
  return null;
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** `mdhd.timescale` of the first track, or null when the bytes are not an Init. */
export function timescaleOf(init: Uint8Array): number | null {
  const view = viewOf(init);
  const mdhd = find(view, ['moov', 'trak', 'mdia', 'mdhd'], 0, view.byteLength);
  if (!mdhd || mdhd.end - mdhd.start < 24) return null;
  const scale = view.getUint32(mdhd.start + (view.getUint8(mdhd.start) === 1 ? 20 : 12));
  return scale > 0 ? scale : null;
}

/** Times of the frames in one `moof`, from `tfdt` and `trun` (defaults from `tfhd`). */
export function timesOf(chunk: Uint8Array): ChunkTimes | null {
  const view = viewOf(chunk);
  const traf = find(view, ['moof', 'traf'], 0, view.byteLength);
  if (!traf) return null;
  const tfdt = find(view, ['tfdt'], traf.start, traf.end);
  if (!tfdt) return null;
  const base = view.getUint8(tfdt.start) === 1 ? Number(view.getBigUint64(tfdt.start + 4)) : view.getUint32(tfdt.start + 4);
  const standard = defaultDuration(view, traf);
  const frames: number[] = [];
  let dts = base;
  for (const box of boxes(view, traf.start, traf.end)) {
    if (box.type !== 'trun') continue;
    dts = readTrun(view, box, dts, standard, frames);
  }
  const shown = frames[0] ?? base;
  frames.sort((a, b) => a - b);
  return { base, shown, frames, end: dts };
}

function defaultDuration(view: DataView, traf: Box): number {
  const tfhd = find(view, ['tfhd'], traf.start, traf.end);
  if (!tfhd) return 0;
  const flags = view.getUint32(tfhd.start) & 0xffffff;
  if (!(flags & 0x08)) return 0;
  return view.getUint32(tfhd.start + 8 + (flags & 0x01 ? 8 : 0) + (flags & 0x02 ? 4 : 0));
}

function readTrun(view: DataView, box: Box, start: number, standard: number, out: number[]): number {
  const head = view.getUint32(box.start);
  const flags = head & 0xffffff;
  const count = view.getUint32(box.start + 4);
  const fields = [0x100, 0x200, 0x400, 0x800].filter((bit) => flags & bit).length;
  let at = box.start + 8 + (flags & 0x01 ? 4 : 0) + (flags & 0x04 ? 4 : 0);
  if (at + count * fields * 4 > box.end) return start;
  let dts = start;
  for (let i = 0; i < count; i++) {
    let duration = standard;
    let shift = 0;
    if (flags & 0x100) duration = next32();
    if (flags & 0x200) next32();
    if (flags & 0x400) next32();
    if (flags & 0x800) {
      shift = head >>> 24 === 0 ? view.getUint32(at) : view.getInt32(at);
      at += 4;
    }
    out.push(dts + shift);
    dts += duration;
  }
  return dts;

  function next32(): number {
    const value = view.getUint32(at);
    at += 4;
    return value;
  }
}
