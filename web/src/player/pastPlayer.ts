/**
 * One camera's past in one element. It follows a clock that it does not own (`PastGroup`): told a wall time, it shows that frame, or says
 * why it cannot. A seek puts the new place behind the old one in the buffer, so that the old picture stays until the new one is there.
 */

import { backoffMs } from './backoff';
import { FrameWatch } from './frameWatch';
import { KIND_INIT, VIDEO_TRACK, type MediaFrame, type ServerMessage } from './frames';
import { Intake } from './intake';
import { MediaSocket, meaningOf, type CloseMeaning } from './mediaSocket';
import { RunOffset } from './runOffset';
import { MediaSink } from './sink';
import { canPlay } from './support';
import { WallMap } from './wallMap';

/** What following a wall time came to. `wait`: data is on its way. */
export type Following = 'ok' | 'wait' | 'gap' | 'end' | 'dead';

export interface Gap {
  fromUs: number;
  toUs: number;
  cause: string;
}

export interface PastStatus {
  following: Following;
  gap: Gap | null;
  refusal: { meaning: Exclude<CloseMeaning, 'lost'>; reason: string } | null;
  unsupported: string | null;
}

export interface PastHooks {
  status: (status: PastStatus) => void;
  frame: (wallUs: number) => void;
  /** New data was taken in: a good moment to follow again. */
  appended: () => void;
}

const ACK_MS = 400;
const KEEP_SECONDS = 15;
const REGION_SPACE = 3;
const SEEK_OVER = 0.5;
const PAUSED_OVER = 0.015;
const RATE_GAIN = 0.5;
const RATE_BY = 0.1;
const INTO_FRAME = 0.004;
const SEEK_PATIENCE_MS = 1_500;

export class PastPlayer {
  private sink: MediaSink | null = null;
  private readonly map = new WallMap();
  private offset = new RunOffset();
  private intake: Intake | null = null;
  private socket: MediaSocket | null = null;
  private socketOpen = false;
  private attempt = 0;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly watch: FrameWatch;
  private disposed = false;
  private seekId = 0;
  private awaited: { id: number; atUs: number; sentMs: number } | null = null;
  private next: number | null = null;
  private regionStart = 0;
  private ended = false;
  private gap: Gap | null = null;
  private ackedMs = 0;
  private rate = 1;
  private speed = 1;
  private paused = false;
  private wallUs: number;
  private shownUs: number | null = null;
  private last: PastStatus = { following: 'wait', gap: null, refusal: null, unsupported: null };

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly url: (fromUs: number) => string,
    fromUs: number,
    private readonly hooks: PastHooks,
  ) {
    this.wallUs = fromUs;
    video.muted = true;
    video.playsInline = true;
    this.connect();
    this.watch = new FrameWatch(video, (mediaTime) => this.onShown(mediaTime));
  }

  // ---- told by the group

  /** Shows the frame of `wallUs` as well as it can and says how that went. */
  follow(wallUs: number, playing: boolean, speed: number): Following {
    this.wallUs = wallUs;
    this.tellServer(speed, !playing);
    const following = this.tryFollow(wallUs, playing, speed);
    this.ack(wallUs, following);
    const gap = following === 'gap' || following === 'end' ? this.gapAt(wallUs) : null;
    if (this.last.following !== 'dead') this.say({ ...this.last, following, gap });
    return this.last.following;
  }

  seek(wallUs: number): void {
    this.wallUs = wallUs;
    this.ended = false;
    if (this.awaited === null && this.map.mediaAt(wallUs) !== null) return;
    if (this.awaited !== null && performance.now() - this.awaited.sentMs < SEEK_PATIENCE_MS) {
      this.next = wallUs;
      return;
    }
    this.sendSeek(wallUs);
  }

  /** First instant at or after `wallUs` that this player can show, as far as it knows. */
  nextFrom(wallUs: number): number | null {
    return this.awaited === null ? this.map.nextWallFrom(wallUs) : null;
  }

  /** Goes to the neighbouring frame; answers its wall time, or null when it is not in the buffer. */
  step(by: 1 | -1): number | null {
    if (this.awaited !== null) return null;
    const media = this.map.step(this.video.currentTime, by);
    if (media === null || media < this.regionStart) return null;
    return this.map.wallAt(media);
  }

  get shownWallUs(): number | null {
    return this.shownUs;
  }

  get gapNow(): Gap | null {
    return this.last.gap;
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.retryTimer);
    this.socket?.close();
    this.watch.dispose();
    this.sink?.dispose();
    this.sink = null;
  }

  // ---- following

  private tryFollow(wallUs: number, playing: boolean, speed: number): Following {
    if (this.awaited !== null) {
      if (performance.now() - this.awaited.sentMs > SEEK_PATIENCE_MS && this.next !== null) this.sendSeek(this.next);
      this.hold();
      return this.ended ? 'end' : 'wait';
    }
    const media = this.map.mediaAt(wallUs);
    if (media === null) {
      this.hold();
      const next = this.map.nextWallFrom(wallUs);
      if (next !== null || this.gapAt(wallUs) !== null) return 'gap';
      return this.ended ? 'end' : 'wait';
    }
    if (!this.buffered(media)) return 'wait';
    const diff = media - this.video.currentTime;
    const far = Math.abs(diff) > (playing ? SEEK_OVER * Math.max(1, speed) : PAUSED_OVER);
    if (far && !this.video.seeking) this.video.currentTime = media + (playing ? 0 : INTO_FRAME);
    if (playing) {
      this.setRate(speed * (1 + Math.max(-RATE_BY, Math.min(RATE_BY, diff * RATE_GAIN))));
      if (this.video.paused) this.video.play().catch(() => undefined); // Tried again by the next tick.
    } else this.hold();
    const keep = Math.max(this.regionStart, this.video.currentTime - KEEP_SECONDS);
    if (this.video.currentTime >= this.regionStart) {
      this.sink?.removeBefore(keep);
      this.map.dropBefore(keep);
    }
    return 'ok';
  }

  private hold(): void {
    if (!this.video.paused) this.video.pause();
  }

  private buffered(media: number): boolean {
    const r = this.sink?.ranges;
    if (!r) return false;
    for (let i = 0; i < r.length; i++) if (media >= r.start(i) - 0.15 && media < r.end(i)) return true;
    return false;
  }

  private setRate(rate: number): void {
    if (Math.abs(rate - this.rate) / rate < 0.005) return;
    this.rate = rate;
    this.video.playbackRate = rate;
  }

  private gapAt(wallUs: number): Gap | null {
    return this.gap !== null && wallUs >= this.gap.fromUs - 100_000 && wallUs < this.gap.toUs ? this.gap : null;
  }

  // ---- connection

  private connect(): void {
    clearTimeout(this.retryTimer);
    if (this.disposed) return;
    this.sink ??= new MediaSink(this.video, { appended: this.hooks.appended, failed: () => this.rebuild() });
    this.intake = new Intake(this.sink, this.offset, this.map);
    this.awaited = { id: 0, atUs: this.wallUs, sentMs: performance.now() };
    this.seekId = 0;
    this.speed = 1;
    this.paused = false;
    this.socketOpen = false;
    this.socket = new MediaSocket(this.url(this.wallUs), {
      opened: () => {
        this.socketOpen = true;
      },
      message: (message) => this.onMessage(message),
      frame: (frame) => this.onFrame(frame),
      closed: (code, reason) => this.onClosed(code, reason),
    });
  }

  private rebuild(): void {
    if (this.disposed) return;
    this.socket?.close();
    this.sink?.dispose();
    this.sink = null;
    this.map.clear();
    this.offset = new RunOffset();
    this.regionStart = 0;
    this.rate = 1;
    this.retryTimer = setTimeout(() => this.connect(), backoffMs(this.attempt++));
  }

  private onClosed(code: number, reason: string): void {
    this.socketOpen = false;
    const meaning = meaningOf(code);
    if (meaning === 'lost') this.retryTimer = setTimeout(() => this.connect(), backoffMs(this.attempt++));
    else this.say({ following: 'dead', gap: null, refusal: { meaning, reason }, unsupported: null });
  }

  private onMessage(message: ServerMessage): void {
    switch (message.type) {
      case 'init':
        this.onInit(message);
        return;
      case 'gap':
        this.gap = { fromUs: message.fromUs, toUs: message.toUs, cause: message.cause };
        this.hooks.appended();
        return;
      case 'state':
        if (message.state !== 'no_recording' || (this.awaited !== null && message.atUs < this.awaited.atUs)) return;
        this.ended = true;
        if (message.cause !== null) this.gap = { fromUs: message.atUs, toUs: Infinity, cause: message.cause };
        this.hooks.appended();
        return;
      case 'end':
        this.ended = true;
    }
  }

  private onInit(message: Extract<ServerMessage, { type: 'init' }>): void {
    if ((message.seek ?? 0) !== this.seekId) return;
    this.intake?.announce(message.track, message.mime);
    if (message.track !== VIDEO_TRACK) return;
    if (!canPlay(message.mime)) {
      this.socket?.close();
      this.say({ following: 'dead', gap: null, refusal: null, unsupported: message.mime });
      return;
    }
    this.ended = false;
    if (this.awaited === null) {
      this.offset.begin();
      return;
    }
    this.awaited = null;
    this.attempt = 0;
    this.map.clear();
    const end = this.sink?.end ?? null;
    this.regionStart = end === null ? 0 : end + REGION_SPACE;
    this.offset.begin(this.regionStart);
    if (this.next !== null) {
      const next = this.next;
      this.next = null;
      this.sendSeek(next);
    }
  }

  private onFrame(frame: MediaFrame): void {
    if (this.awaited !== null) return;
    if (frame.kind === KIND_INIT) this.intake?.init(frame, true);
    else this.intake?.chunk(frame);
  }

  private sendSeek(wallUs: number): void {
    if (!this.socketOpen) {
      // Not connected yet: a connection from the right place is as quick as a seek.
      this.socket?.close();
      this.next = null;
      this.wallUs = wallUs;
      this.connect();
      return;
    }
    this.next = null;
    this.seekId += 1;
    this.awaited = { id: this.seekId, atUs: wallUs, sentMs: performance.now() };
    this.gap = null;
    this.socket?.send({ type: 'seek', at_us: Math.round(wallUs), seek: this.seekId });
  }

  private tellServer(speed: number, paused: boolean): void {
    if (!this.socketOpen) return;
    if (speed !== this.speed) this.socket?.send({ type: 'speed', value: speed });
    if (paused !== this.paused) this.socket?.send({ type: 'pause', value: paused });
    this.speed = speed;
    this.paused = paused;
  }

  /** The node stays a few seconds ahead of what was shown; inside a gap, of where the picture goes on. */
  private ack(wallUs: number, following: Following): void {
    const now = performance.now();
    if (this.awaited !== null || now - this.ackedMs < ACK_MS) return;
    this.ackedMs = now;
    const gap = following === 'gap' ? this.gapAt(wallUs) : null;
    this.socket?.send({ type: 'ack', wall_us: Math.round(gap && Number.isFinite(gap.toUs) ? gap.toUs : wallUs) });
  }

  private onShown(mediaTime: number): void {
    if (mediaTime < this.regionStart - 0.2) return;
    this.shownUs = this.map.wallAt(mediaTime);
    if (this.shownUs !== null) this.hooks.frame(this.shownUs);
  }

  private say(status: PastStatus): void {
    const last = this.last;
    if (last.following === status.following && last.gap === status.gap && last.refusal === status.refusal && last.unsupported === status.unsupported) return;
    this.last = status;
    this.hooks.status(status);
  }
}
