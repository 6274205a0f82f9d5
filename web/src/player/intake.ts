/** Turns what one connection sends (init texts, Inits, Chunks) into appends on a sink and anchors on the wall map. */

import { timescaleOf, timesOf } from './boxes';
import { KIND_INIT, VIDEO_TRACK, type MediaFrame } from './frames';
import type { RunOffset } from './runOffset';
import type { MediaSink } from './sink';
import type { WallMap } from './wallMap';

interface TrackSetup {
  mime: string;
  timescale: number;
  init: Uint8Array<ArrayBuffer>;
}

/** Where sound goes: in an element of its own, or nowhere. */
export interface SoundSink {
  configure: (mime: string) => void;
  append: (bytes: Uint8Array<ArrayBuffer>, offset: number | null) => void;
}

export class Intake {
  private sound: SoundSink | null = null;
  private adopted = false;

  private mimes = new Map<number, string>();
  private setups = new Map<number, TrackSetup>();

  constructor(
    private readonly sink: MediaSink,
    private readonly offset: RunOffset,
    private readonly map: WallMap,
  ) {}

  /** What is known of the sound goes there at once, its chunks from now on. */
  soundTo(sound: SoundSink | null): void {
    this.sound = sound;
    if (this.adopted) for (const track of this.setups.keys()) if (track !== VIDEO_TRACK) this.configure(track);
  }

  announce(track: number, mime: string): void {
    this.mimes.set(track, mime);
  }

  get videoMime(): string | null {
    return this.mimes.get(VIDEO_TRACK) ?? null;
  }

  /** Keeps an Init; `now` says whether it goes to the sink at once or waits for `adopt`. */
  init(frame: MediaFrame, now: boolean): void {
    const mime = this.mimes.get(frame.track);
    const timescale = timescaleOf(frame.bytes);
    if (mime === undefined || timescale === null) return;
    this.setups.set(frame.track, { mime, timescale, init: frame.bytes });
    if (now) this.configure(frame.track);
  }

  /** This connection now feeds the element; its first picture goes behind what is there, or at `at`. */
  adopt(at: number | null = null): void {
    this.offset.begin(at);
    this.adopted = true;
    for (const track of this.setups.keys()) this.configure(track);
  }

  /** Appends one Chunk; answers where its first picture went, or null when it was not a usable video chunk. */
  chunk(frame: MediaFrame): number | null {
    const setup = this.setups.get(frame.track);
    if (!setup || frame.kind === KIND_INIT) return null;
    if (frame.track !== VIDEO_TRACK) {
      if (this.offset.shared !== null) this.sound?.append(frame.bytes, this.offset.shared);
      return null;
    }
    const times = timesOf(frame.bytes);
    if (!times) return null;
    const offset = this.offset.place(times.base / setup.timescale, times.end / setup.timescale);
    const from = times.base / setup.timescale + offset;
    this.map.add(
      times.shown / setup.timescale + offset,
      (times.end + times.shown - times.base) / setup.timescale + offset,
      frame.wallUs,
      times.frames.map((f) => f / setup.timescale + offset),
    );
    this.sink.append(frame.track, frame.bytes, offset);
    return from;
  }

  private configure(track: number): void {
    const setup = this.setups.get(track);
    if (!setup) return;
    if (track === VIDEO_TRACK) {
      this.sink.configure(track, setup.mime);
      this.sink.append(track, setup.init, null);
    } else {
      this.sound?.configure(setup.mime);
      this.sound?.append(setup.init, null);
    }
  }
}
