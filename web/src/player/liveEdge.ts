/** Keeps a live picture near the newest frame. Pure: told the state, answers what to do. */

export type EdgeAction = { do: 'none' } | { do: 'rate'; rate: number } | { do: 'jump'; to: number } | { do: 'reconnect' };

export interface EdgeState {
  nowMs: number;
  bufferEnd: number;
  currentTime: number;
}

const TARGET_FIRST = 0.2;
const TARGET_MOST = 0.8;
const TARGET_STEP = 0.15;
const CALM_MS = 30_000;
const JUMP_OVER = 3;
const RECONNECT_OVER = 10;
const RATE_MOST = 1.5;
const SAMPLES = 10;

export class LiveEdge {
  private target = TARGET_FIRST;
  private lengths: number[] = [];
  private lastDryMs = -Infinity;
  private rate = 1;

  /** The picture ran dry: stay farther behind from now on, for a while. */
  dry(nowMs: number): void {
    if (nowMs - this.lastDryMs > 500) this.target = Math.min(TARGET_MOST, this.target + TARGET_STEP);
    this.lastDryMs = nowMs;
  }

  /** Where to start in a buffer that ends at `end`. */
  startAt(end: number): number {
    return end - this.target;
  }

  reset(): void {
    this.lengths = [];
    this.rate = 1;
  }

  decide({ nowMs, bufferEnd, currentTime }: EdgeState): EdgeAction {
    const ahead = bufferEnd - currentTime;
    this.lengths.push(ahead);
    if (this.lengths.length > SAMPLES) this.lengths.shift();
    if (nowMs - this.lastDryMs > CALM_MS && this.target > TARGET_FIRST) {
      this.target = Math.max(TARGET_FIRST, this.target - TARGET_STEP);
      this.lastDryMs = nowMs;
    }
    if (ahead > RECONNECT_OVER) return { do: 'reconnect' };
    if (ahead > JUMP_OVER) {
      this.reset();
      return { do: 'jump', to: this.startAt(bufferEnd) };
    }
    const rate = this.rateFor(ahead);
    if (rate === this.rate) return { do: 'none' };
    this.rate = rate;
    return { do: 'rate', rate };
  }

  private rateFor(ahead: number): number {
    const mean = this.lengths.reduce((a, b) => a + b, 0) / this.lengths.length;
    // Judged by the mean, so that chunks that come in lumps do not make the picture breathe.
    const over = Math.min(ahead, mean) - (this.target + 0.3);
    if (over <= 0) return this.rate > 1 && Math.min(ahead, mean) > this.target + 0.05 ? this.rate : 1;
    return Math.min(RATE_MOST, Math.round((1.05 + 0.3 * over) * 20) / 20);
  }
}
