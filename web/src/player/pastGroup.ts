/**
 * 1…n pasts in step: one master clock in wall time, each player follows it. Holes are jumped when nobody has a picture; who has none
 * while others run says why and waits. Stragglers do not hold the rest for longer than the barrier.
 */

import { MasterClock } from './masterClock';
import type { Following, Gap } from './pastPlayer';

/** What the group needs of a player; tests bring their own. */
export interface Follower {
  follow: (wallUs: number, playing: boolean, speed: number) => Following;
  seek: (wallUs: number) => void;
  nextFrom: (wallUs: number) => number | null;
  step: (by: 1 | -1) => number | null;
  readonly shownWallUs: number | null;
  readonly gapNow: Gap | null;
}

export interface GroupState {
  playing: boolean;
  /** Wants to play and waits for data. */
  waiting: boolean;
  speed: number;
  atEnd: boolean;
}

export interface GroupHooks {
  state: (state: GroupState) => void;
  time: (wallUs: number) => void;
  jumped: (gap: Gap) => void;
}

const TICK_MS = 100;
const BARRIER_MS = 2_000;
const STEP_GUESS_US = 40_000;

export class PastGroup {
  private readonly clock: MasterClock;
  private followers: Follower[] = [];
  private heldSinceMs: number | null;
  private playing = true;
  private speed = 1;
  private atEnd = false;
  private last: GroupState | null = null;

  constructor(
    wallUs: number,
    private readonly hooks: GroupHooks,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.clock = new MasterClock(wallUs, nowMs());
    this.heldSinceMs = nowMs();
  }

  /** Runs until the returned function is called. */
  start(): () => void {
    const timer = setInterval(this.tick, TICK_MS);
    return () => clearInterval(timer);
  }

  add(follower: Follower): () => void {
    this.followers.push(follower);
    this.heldSinceMs ??= this.nowMs();
    return () => {
      this.followers = this.followers.filter((f) => f !== follower);
    };
  }

  get wallUs(): number {
    return this.clock.at(this.nowMs());
  }

  seek(wallUs: number): void {
    const now = this.nowMs();
    this.clock.run(false, now);
    this.clock.set(wallUs, now);
    this.heldSinceMs = now;
    this.atEnd = false;
    for (const f of this.followers) f.seek(wallUs);
    this.tick();
  }

  play(): void {
    this.playing = true;
    this.atEnd = false;
    this.heldSinceMs = this.nowMs();
    this.tick();
  }

  /** Stands on the very frame that is shown. */
  pause(): void {
    const now = this.nowMs();
    this.playing = false;
    this.clock.run(false, now);
    const shown = this.followers[0]?.shownWallUs ?? null;
    if (shown !== null && Math.abs(shown - this.clock.at(now)) < 1e6 * this.speed) this.clock.set(shown, now);
    this.tick();
  }

  setSpeed(speed: number): void {
    this.speed = speed;
    this.clock.setRate(speed, this.nowMs());
    this.tick();
  }

  step(by: 1 | -1): void {
    if (this.playing) this.pause();
    const to = this.followers.map((f) => f.step(by)).find((wall) => wall !== null);
    if (typeof to === 'number') {
      this.clock.set(to, this.nowMs());
      this.tick();
    } else this.seek(this.wallUs + by * STEP_GUESS_US);
  }

  readonly tick = (): void => {
    if (this.followers.length === 0) return;
    const now = this.nowMs();
    const held = this.heldSinceMs !== null;
    this.clock.run(this.playing && !held, now);
    const wall = this.clock.at(now);
    const results = this.followers.map((f) => f.follow(wall, this.playing && !held, this.speed));
    this.judge(results, wall, now);
    if (held && this.heldSinceMs === null && this.playing) {
      // The barrier has just opened: play from here, not from the next tick on.
      this.clock.run(true, now);
      for (const f of this.followers) f.follow(wall, true, this.speed);
    }
    this.hooks.time(this.clock.at(now));
    this.tell();
  };

  private judge(results: readonly Following[], wall: number, now: number): void {
    const some = (f: Following) => results.includes(f);
    if (some('ok')) {
      const late = this.heldSinceMs !== null && now - this.heldSinceMs > BARRIER_MS;
      if (!some('wait') || late) this.heldSinceMs = null;
      return;
    }
    if (some('wait')) {
      this.heldSinceMs ??= now;
      this.clock.run(false, now);
      return;
    }
    if (some('gap')) {
      this.jump(wall, now);
      return;
    }
    this.clock.run(false, now);
    if (some('end')) {
      this.atEnd = true;
      this.playing = false;
    }
  }

  /** Nobody has a picture here: go on where the first of them has one. */
  private jump(wall: number, now: number): void {
    const next = this.followers.map((f) => f.nextFrom(wall)).filter((n) => n !== null);
    this.clock.run(false, now);
    this.heldSinceMs ??= now;
    if (next.length === 0) return;
    const to = Math.min(...next);
    this.clock.set(to, now);
    this.hooks.jumped({ fromUs: wall, toUs: to, cause: this.followers.map((f) => f.gapNow?.cause).find((c) => c !== undefined) ?? 'unknown' });
  }

  private tell(): void {
    const state: GroupState = { playing: this.playing, waiting: this.playing && this.heldSinceMs !== null, speed: this.speed, atEnd: this.atEnd };
    const last = this.last;
    if (last?.playing === state.playing && last.waiting === state.waiting && last.speed === state.speed && last.atEnd === state.atEnd) return;
    this.last = state;
    this.hooks.state(state);
  }
}
