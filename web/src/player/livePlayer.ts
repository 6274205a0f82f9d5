/**
 * One live picture: socket → intake → element, kept at the live edge, brought back when it stops. The last picture stays on screen
 * through every reconnect and profile change, because the same MediaSource goes on. No framework here.
 */

import { backoffMs } from './backoff';
import { FrameWatch } from './frameWatch';
import { KIND_INIT, VIDEO_TRACK, type MediaFrame, type ServerMessage } from './frames';
import { Intake } from './intake';
import { LiveEdge } from './liveEdge';
import { LiveSound } from './liveSound';
import { MediaSocket, meaningOf, type CloseMeaning } from './mediaSocket';
import { RunOffset } from './runOffset';
import { MediaSink } from './sink';
import { canPlay } from './support';
import { WallMap } from './wallMap';

export type LiveState = 'connecting' | 'playing' | 'stalled' | 'unsupported' | 'refused';

/** Why a picture had to be begun anew: the connection broke, nothing came over it, what came was not shown, or the element failed. */
export type RestartCause = 'lost' | 'no_data' | 'no_picture' | 'decode';

export interface LiveStatus {
  state: LiveState;
  /** Of a stalled picture; null while nothing was begun anew. */
  restart: RestartCause | null;
  /** Why a refused picture is refused, in the server's words when it sent some. */
  refusal: { meaning: Exclude<CloseMeaning, 'lost'>; reason: string } | null;
  mime: string | null;
  /** Of the sound that comes with the picture; null when there is none. */
  soundMime: string | null;
  /** The browser wants a click before it sounds. */
  soundBlocked: boolean;
}

export const FIRST_STATUS: LiveStatus = { state: 'connecting', restart: null, refusal: null, mime: null, soundMime: null, soundBlocked: false };

export interface LiveHooks {
  status: (status: LiveStatus) => void;
  /** The shown frame's wall time, several times a second. */
  frame: (wallUs: number) => void;
}

const TICK_MS = 250;
const APPEND_EVERY_MS = 100;
const NO_DATA_MS = 3_000;
const NO_PICTURE_MS = 7_000;
const TICK_LATE_MS = 2 * TICK_MS;
const SHOWN_FRESH_MS = 1_500;
const HIDDEN_GRACE_MS = 5_000;
const KEEP_SECONDS = 15;
const BURST_MS = 1_500;
const BURST_AHEAD = 0.9;
const REFUSED_RETRY_MS = 10_000;

interface Line {
  socket: MediaSocket;
  intake: Intake;
}

export class LivePlayer {
  private sink: MediaSink | null = null;
  private readonly map = new WallMap();
  private offset = new RunOffset();
  private readonly edge = new LiveEdge();
  private active: Line | null = null;
  private pending: Line | null = null;
  private url: string | null = null;
  private attempt = 0;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private tickTimer: ReturnType<typeof setInterval> | undefined;
  private hideTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly watch: FrameWatch;
  private wanted = true;
  private disposed = false;
  private jumpFrom: number | null = null;
  private burstUntilMs = 0;
  private pictureAtMs = 0;
  private dataAtMs = 0;
  private tickAtMs = performance.now();
  private shownAtMs = -Infinity;
  private everShown = false;
  private last: LiveStatus = FIRST_STATUS;
  private sound: LiveSound | null = null;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly hooks: LiveHooks,
  ) {
    video.muted = true;
    video.playsInline = true;
    video.addEventListener('waiting', this.onWaiting);
    document.addEventListener('visibilitychange', this.onVisibility);
    this.tickTimer = setInterval(this.tick, TICK_MS);
    this.watch = new FrameWatch(video, (mediaTime) => this.onShown(mediaTime));
  }

  /** Shows what `url` sends; a running picture goes on until the new one has its first key frame. */
  open(url: string): void {
    if (url === this.url) return;
    this.url = url;
    this.attempt = 0;
    this.connect();
  }

  /** A covered tile (another one is maximised) gives its stream back after a moment, as a hidden tab does. */
  setWanted(wanted: boolean): void {
    this.wanted = wanted;
    this.onVisibility();
  }

  /** Tries at once, for an officer who does not want to wait. */
  retry(): void {
    this.attempt = 0;
    this.connect();
  }

  /** Sounds through this element, or not at all: apart from the picture, so that neither waits for the other. */
  setSound(audio: HTMLAudioElement | null): void {
    this.sound?.dispose();
    this.sound = audio && new LiveSound(audio, this.video, { blocked: () => this.say({ soundBlocked: true }), again: () => this.tellSound() });
    this.tellSound();
    this.say({ soundBlocked: false });
  }

  private tellSound(): void {
    this.active?.intake.soundTo(this.sound);
    this.pending?.intake.soundTo(this.sound);
  }

  dispose(): void {
    this.disposed = true;
    this.sound?.dispose();
    this.sound = null;
    clearInterval(this.tickTimer);
    clearTimeout(this.hideTimer);
    this.disconnect();
    this.watch.dispose();
    this.video.removeEventListener('waiting', this.onWaiting);
    document.removeEventListener('visibilitychange', this.onVisibility);
    this.sink?.dispose();
    this.sink = null;
  }

  // ---- connection

  private connect(): void {
    clearTimeout(this.retryTimer);
    this.pending?.socket.close();
    this.pending = null;
    if (this.disposed || this.url === null || !this.visible) return;
    this.pictureAtMs = this.dataAtMs = performance.now();
    this.sink ??= this.makeSink();
    const intake = new Intake(this.sink, this.offset, this.map);
    intake.soundTo(this.sound);
    const line: Line = {
      intake,
      socket: new MediaSocket(this.url, {
        message: (message) => this.onMessage(line, message),
        frame: (frame) => this.onFrame(line, frame),
        closed: (code, reason) => this.onClosed(line, code, reason),
      }),
    };
    this.pending = line;
    if (this.last.state !== 'playing') this.say({ state: this.everShown ? 'stalled' : 'connecting', refusal: null });
  }

  private disconnect(): void {
    clearTimeout(this.retryTimer);
    this.pending?.socket.close();
    this.active?.socket.close();
    this.pending = null;
    this.active = null;
  }

  private reconnectLater(afterMs: number): void {
    this.disconnect();
    this.retryTimer = setTimeout(() => this.connect(), afterMs);
  }

  private restart(cause: RestartCause): void {
    this.say({ restart: cause });
    this.reconnectLater(backoffMs(this.attempt++));
  }

  private makeSink(): MediaSink {
    return new MediaSink(this.video, {
      drained: this.onDrained,
      failed: () => this.rebuild(),
      appendEveryMs: APPEND_EVERY_MS,
    });
  }

  /** The element or a buffer failed: only a new MediaSource helps. */
  private rebuild(): void {
    if (this.disposed) return;
    this.sink?.dispose();
    this.sink = null;
    this.map.clear();
    this.offset = new RunOffset();
    this.sound?.restart();
    this.restart('decode');
  }

  private onMessage(line: Line, message: ServerMessage): void {
    if (message.type !== 'init') return; // Gap, state and end tell nothing that the camera's facts and the next Init do not.
    line.intake.announce(message.track, message.mime);
    if (message.track !== VIDEO_TRACK) this.say({ soundMime: message.mime });
    if (message.track !== VIDEO_TRACK || canPlay(message.mime)) return;
    this.disconnect();
    this.say({ state: 'unsupported', refusal: null, mime: message.mime });
  }

  private onFrame(line: Line, frame: MediaFrame): void {
    this.dataAtMs = performance.now();
    if (line === this.pending) {
      if (frame.kind === KIND_INIT) line.intake.init(frame, false);
      else if (frame.track === VIDEO_TRACK) this.adopt(line, frame);
    } else if (line === this.active) {
      if (frame.kind === KIND_INIT) {
        line.intake.init(frame, true);
        if (frame.track === VIDEO_TRACK) this.offset.begin();
      } else line.intake.chunk(frame);
    }
  }

  private adopt(line: Line, frame: MediaFrame): void {
    this.active?.socket.close();
    this.active = line;
    this.pending = null;
    line.intake.adopt();
    this.jumpFrom = line.intake.chunk(frame);
    this.edge.reset();
    this.burstUntilMs = performance.now() + BURST_MS;
  }

  private onClosed(line: Line, code: number, reason: string): void {
    if (line !== this.active && line !== this.pending) return;
    const meaning = meaningOf(code);
    if (meaning !== 'lost') {
      this.say({ state: 'refused', refusal: { meaning, reason } });
      if (meaning === 'limit') this.reconnectLater(REFUSED_RETRY_MS);
      else this.disconnect();
      return;
    }
    this.restart('lost');
  }

  // ---- picture

  private readonly onDrained = (): void => {
    const end = this.sink?.end ?? null;
    if (this.jumpFrom === null || end === null) return;
    const to = Math.max(this.jumpFrom, this.edge.startAt(end));
    this.jumpFrom = null;
    this.video.currentTime = to;
    this.play();
  };

  private readonly tick = (): void => {
    if (!this.visible || this.url === null) return;
    const now = performance.now();
    this.excuse(now - this.tickAtMs);
    this.tickAtMs = now;
    const end = this.sink?.end ?? null;
    if (end !== null && this.active && this.jumpFrom === null) this.keepEdge(now, end);
    if (now - this.shownAtMs > SHOWN_FRESH_MS && this.last.state === 'playing') this.say({ state: 'stalled' });
    this.sound?.follow();
    const settled = this.last.state === 'refused' || this.last.state === 'unsupported';
    if (settled || !(this.active || this.pending)) return;
    if (now - this.dataAtMs > NO_DATA_MS) this.restart('no_data');
    else if (now - this.pictureAtMs > NO_PICTURE_MS) this.restart('no_picture');
  };

  /** Time in which this page itself did not run is not held against the stream: a reconnect would only add to the load. */
  private excuse(sinceTickMs: number): void {
    if (sinceTickMs < TICK_LATE_MS) return;
    this.pictureAtMs += sinceTickMs;
    this.dataAtMs += sinceTickMs;
  }

  private keepEdge(nowMs: number, end: number): void {
    const current = this.video.currentTime;
    if (nowMs < this.burstUntilMs && end - current > BURST_AHEAD) {
      this.video.currentTime = this.edge.startAt(end);
    } else {
      const act = this.edge.decide({ nowMs, bufferEnd: end, currentTime: current });
      if (act.do === 'jump') this.video.currentTime = act.to;
      else if (act.do === 'rate') this.video.playbackRate = act.rate;
      else if (act.do === 'reconnect') this.rebuild();
    }
    if (this.video.paused) this.play();
    this.sink?.removeBefore(current - KEEP_SECONDS);
    this.map.dropBefore(current - KEEP_SECONDS);
  }

  private play(): void {
    this.video.play().catch(() => undefined); // Refused autoplay and an interrupted start are tried again by the next tick.
  }

  private onShown(mediaTime: number): void {
    this.shownAtMs = this.pictureAtMs = performance.now();
    this.everShown = true;
    this.attempt = 0;
    const wall = this.map.wallAt(mediaTime);
    if (wall !== null) this.hooks.frame(wall);
    if (this.active) this.say({ state: 'playing', restart: null, refusal: null, mime: this.active.intake.videoMime });
  }

  private readonly onWaiting = (): void => {
    if (this.everShown && this.jumpFrom === null) this.edge.dry(performance.now());
  };

  private get visible(): boolean {
    return this.wanted && document.visibilityState === 'visible';
  }

  private readonly onVisibility = (): void => {
    clearTimeout(this.hideTimer);
    if (this.visible) {
      if (!this.active && !this.pending) this.connect();
    } else {
      this.hideTimer = setTimeout(() => this.disconnect(), HIDDEN_GRACE_MS);
    }
  };

  private say(change: Partial<LiveStatus>): void {
    const next = { ...this.last, ...change };
    const same = (Object.keys(next) as (keyof LiveStatus)[]).every((key) => (key === 'refusal' ? sameRefusal(next.refusal, this.last.refusal) : next[key] === this.last[key]));
    if (same) return;
    this.last = next;
    this.hooks.status(next);
  }
}

const sameRefusal = (a: LiveStatus['refusal'], b: LiveStatus['refusal']): boolean => a?.meaning === b?.meaning && a?.reason === b?.reason;
