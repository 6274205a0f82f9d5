/**
 * The sound of a live picture in an element of its own, kept beside the picture: a sound track that runs dry would else stop the picture,
 * and a browser takes no second buffer into a MediaSource that plays already. Both share one time line, so "beside" is the same media time.
 */

import type { SoundSink } from './intake';
import { MediaSink } from './sink';
import { canPlay } from './support';

/** Any number but the picture's own; there is one track in this element. */
const SOUND_TRACK = 2;
const KEEP_SECONDS = 15;
const APPEND_EVERY_MS = 100;
const AGAIN_MS = 5_000;

export type Beside = { do: 'play'; rate: number } | { do: 'jump'; to: number } | { do: 'wait' };

const JUMP_OVER = 0.25;
const RATE_MOST = 0.05;

/** What brings the sound at `sound` beside the picture at `picture` seconds, when `from`–`end` of the sound is there. Pure. */
export function beside(picture: number, sound: number, from: number, end: number): Beside {
  if (picture < from || picture >= end) return { do: 'wait' };
  const ahead = sound - picture;
  if (Math.abs(ahead) > JUMP_OVER) return { do: 'jump', to: picture };
  return { do: 'play', rate: 1 - Math.max(-RATE_MOST, Math.min(RATE_MOST, ahead)) };
}

export interface SoundHooks {
  /** The browser wants a click before it sounds. */
  blocked: () => void;
  /** The element failed a while ago: it needs its configuration again. */
  again: () => void;
}

export class LiveSound implements SoundSink {
  private sink: MediaSink | null = null;
  private disposed = false;
  private failedAtMs: number | null = null;

  constructor(
    private readonly audio: HTMLAudioElement,
    private readonly picture: HTMLVideoElement,
    private readonly hooks: SoundHooks,
  ) {
    audio.muted = false;
  }

  /** Sound that the browser does not know stays silent: the window says so. */
  configure(mime: string): void {
    if (this.disposed || !canPlay(mime)) return;
    this.sink ??= new MediaSink(this.audio, { failed: this.onFailed, appendEveryMs: APPEND_EVERY_MS });
    this.sink.configure(SOUND_TRACK, mime);
  }

  append(bytes: Uint8Array<ArrayBuffer>, offset: number | null): void {
    this.sink?.append(SOUND_TRACK, bytes, offset);
  }

  /** Told again and again, as long as the picture runs. */
  follow(): void {
    if (this.failedAtMs !== null && performance.now() - this.failedAtMs > AGAIN_MS) {
      this.failedAtMs = null;
      this.hooks.again();
    }
    const ranges = this.sink?.rangesOf(SOUND_TRACK) ?? null;
    if (!ranges || ranges.length === 0) return;
    const last = ranges.length - 1;
    const act = beside(this.picture.currentTime, this.audio.currentTime, ranges.start(last), ranges.end(last));
    if (act.do === 'wait') return;
    if (act.do === 'jump') this.audio.currentTime = act.to;
    else this.audio.playbackRate = this.picture.playbackRate * act.rate;
    if (this.audio.paused) this.play();
    this.sink?.removeBefore(this.audio.currentTime - KEEP_SECONDS);
  }

  /** Begins anew with the next configuration, as the picture's time line does. */
  restart(): void {
    this.sink?.dispose();
    this.sink = null;
  }

  dispose(): void {
    this.disposed = true;
    this.restart();
  }

  private readonly onFailed = (): void => {
    this.restart();
    this.failedAtMs = performance.now();
  };

  private play(): void {
    this.audio.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'NotAllowedError') this.hooks.blocked();
    });
  }
}
