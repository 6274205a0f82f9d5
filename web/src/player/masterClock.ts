/** Wall time that runs at a speed, is held, and is set. Pure: told what time it is. */

export class MasterClock {
  private base: { wallUs: number; atMs: number };
  private rate = 1;
  private running = false;

  constructor(wallUs: number, nowMs: number) {
    this.base = { wallUs, atMs: nowMs };
  }

  at(nowMs: number): number {
    return this.running ? this.base.wallUs + (nowMs - this.base.atMs) * 1000 * this.rate : this.base.wallUs;
  }

  set(wallUs: number, nowMs: number): void {
    this.base = { wallUs, atMs: nowMs };
  }

  run(running: boolean, nowMs: number): void {
    if (running === this.running) return;
    this.set(this.at(nowMs), nowMs);
    this.running = running;
  }

  setRate(rate: number, nowMs: number): void {
    this.set(this.at(nowMs), nowMs);
    this.rate = rate;
  }
}
