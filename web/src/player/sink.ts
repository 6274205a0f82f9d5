/** A media element with its MediaSource: tracks in, buffered ranges out, everything given back on dispose. */

import { VIDEO_TRACK } from './frames';
import { TrackBuffer } from './trackBuffer';

export interface SinkHooks {
  /** New picture data can be shown. */
  appended?: () => void;
  /** No picture data is queued any more. */
  drained?: () => void;
  failed: (why: string) => void;
  /** Appends are gathered for so long: on a wall of tiles each one costs more than its bytes. */
  appendEveryMs?: number;
}

export class MediaSink {
  private source = new MediaSource();
  private url = URL.createObjectURL(this.source);
  private tracks = new Map<number, TrackBuffer>();
  private waiting: (() => void)[] = [];
  private opened = false;
  private disposed = false;

  constructor(
    private readonly video: HTMLMediaElement,
    private readonly hooks: SinkHooks,
  ) {
    this.source.addEventListener('sourceopen', this.onOpen, { once: true });
    video.addEventListener('error', this.onVideoError);
    video.src = this.url;
  }

  configure(track: number, mime: string): void {
    this.whenOpen(() => {
      const known = this.tracks.get(track);
      if (known) {
        known.configure(mime);
        return;
      }
      try {
        const buffer = this.source.addSourceBuffer(mime);
        this.tracks.set(
          track,
          new TrackBuffer(buffer, mime, {
            appended: () => {
              if (track === VIDEO_TRACK) this.hooks.appended?.();
            },
            drained: () => {
              if (track === VIDEO_TRACK) this.hooks.drained?.();
            },
            failed: (why) => this.hooks.failed(why),
            currentTime: () => this.video.currentTime,
            appendEveryMs: this.hooks.appendEveryMs ?? 0,
          }),
        );
      } catch {
        this.hooks.failed('append');
      }
    });
  }

  append(track: number, bytes: Uint8Array<ArrayBuffer>, offset: number | null): void {
    this.whenOpen(() => this.tracks.get(track)?.append(bytes, offset));
  }

  /** What one track has: the element's own would be cut to where all have something. */
  rangesOf(track: number): TimeRanges | null {
    return this.tracks.get(track)?.ranges ?? null;
  }

  /** Ranges of the picture. */
  get ranges(): TimeRanges | null {
    return this.rangesOf(VIDEO_TRACK);
  }

  get end(): number | null {
    const r = this.ranges;
    return r && r.length > 0 ? r.end(r.length - 1) : null;
  }

  removeBefore(media: number): void {
    for (const track of this.tracks.values()) {
      const r = track.ranges;
      if (r && r.length > 0 && r.start(0) < media - 1) track.remove(0, media);
    }
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.waiting = [];
    this.video.removeEventListener('error', this.onVideoError);
    this.source.removeEventListener('sourceopen', this.onOpen);
    for (const track of this.tracks.values()) track.dispose();
    this.tracks.clear();
    this.video.removeAttribute('src');
    this.video.load();
    URL.revokeObjectURL(this.url);
  }

  private whenOpen(act: () => void): void {
    if (this.disposed) return;
    if (this.opened) act();
    else this.waiting.push(act);
  }

  /** readyState says "open" one task before this event; nothing may be appended before the duration is set. */
  private readonly onOpen = (): void => {
    this.opened = true;
    this.source.duration = Infinity;
    const acts = this.waiting;
    this.waiting = [];
    for (const act of acts) act();
  };

  private readonly onVideoError = (): void => {
    if (!this.disposed) this.hooks.failed('decode');
  };
}
