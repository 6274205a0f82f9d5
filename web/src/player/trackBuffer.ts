/** One SourceBuffer with its queue: appends in order, coalesced, bounded by bytes, and one retry after a full buffer. */

const QUEUE_BYTES_MOST = 16 * 1024 * 1024;
const KEEP_WHEN_FULL_SECONDS = 3;

type Op =
  | { op: 'append'; parts: Uint8Array<ArrayBuffer>[]; bytes: number; offset: number | null }
  | { op: 'configure'; mime: string }
  | { op: 'remove'; from: number; to: number };

export interface TrackHooks {
  /** One append has been taken in. */
  appended: () => void;
  /** Everything queued has been taken in. */
  drained: () => void;
  failed: (why: 'quota' | 'overflow' | 'append') => void;
  currentTime: () => number;
  /** Least time between two appends; what comes meanwhile goes together. */
  appendEveryMs: number;
}

export class TrackBuffer {
  private queue: Op[] = [];
  private queuedBytes = 0;
  private retried = false;
  private dead = false;
  private inFlight: Op | null = null;
  private appendedAtMs = -Infinity;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly buffer: SourceBuffer,
    private mime: string,
    private readonly hooks: TrackHooks,
  ) {
    buffer.mode = 'segments';
    buffer.addEventListener('updateend', this.onUpdateEnd);
    buffer.addEventListener('error', this.onError);
  }

  get ranges(): TimeRanges | null {
    try {
      return this.buffer.buffered;
    } catch {
      return null; // The browser took the buffer away (MediaSource closed): nothing is buffered.
    }
  }

  configure(mime: string): void {
    this.queue.push({ op: 'configure', mime });
    this.pump();
  }

  append(bytes: Uint8Array<ArrayBuffer>, offset: number | null): void {
    this.queuedBytes += bytes.byteLength;
    if (this.queuedBytes > QUEUE_BYTES_MOST) {
      this.fail('overflow');
      return;
    }
    const last = this.queue[this.queue.length - 1];
    if (last?.op === 'append' && last.offset === offset) {
      last.parts.push(bytes);
      last.bytes += bytes.byteLength;
    } else {
      this.queue.push({ op: 'append', parts: [bytes], bytes: bytes.byteLength, offset });
    }
    this.pump();
  }

  remove(from: number, to: number): void {
    if (to <= from) return;
    this.queue.push({ op: 'remove', from, to });
    this.pump();
  }

  dispose(): void {
    this.dead = true;
    clearTimeout(this.timer);
    this.queue = [];
    this.buffer.removeEventListener('updateend', this.onUpdateEnd);
    this.buffer.removeEventListener('error', this.onError);
  }

  private pump(): void {
    while (!this.dead && !this.buffer.updating) {
      if (this.gathers()) return;
      const op = this.queue.shift();
      if (!op) return;
      this.inFlight = op;
      try {
        if (this.run(op)) return;
      } catch (error) {
        this.onThrow(op, error);
        return;
      }
    }
  }

  /** True while the next append waits for company. */
  private gathers(): boolean {
    if (this.queue.length !== 1 || this.queue[0]?.op !== 'append') return false;
    const left = this.appendedAtMs + this.hooks.appendEveryMs - performance.now();
    if (left <= 1) return false;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.pump();
    }, left);
    return true;
  }

  /** True when the browser now works on it and will say `updateend`. */
  private run(op: Op): boolean {
    switch (op.op) {
      case 'configure':
        this.buffer.abort();
        if (op.mime !== this.mime) this.buffer.changeType(op.mime);
        this.mime = op.mime;
        return false;
      case 'remove':
        this.buffer.remove(op.from, op.to);
        return true;
      case 'append':
        if (op.offset !== null && op.offset !== this.buffer.timestampOffset) this.buffer.timestampOffset = op.offset;
        this.appendedAtMs = performance.now();
        this.buffer.appendBuffer(join(op.parts, op.bytes));
        this.queuedBytes -= op.bytes;
        return true;
    }
  }

  private onThrow(op: Op, error: unknown): void {
    const full = error instanceof DOMException && error.name === 'QuotaExceededError';
    if (!full || this.retried) {
      this.fail(full ? 'quota' : 'append');
      return;
    }
    this.retried = true;
    this.queue.unshift({ op: 'remove', from: 0, to: Math.max(0.1, this.hooks.currentTime() - KEEP_WHEN_FULL_SECONDS) }, op);
    this.pump();
  }

  private readonly onUpdateEnd = (): void => {
    const appended = this.inFlight?.op === 'append';
    if (appended) this.retried = false;
    this.pump();
    if (!this.dead && appended) this.hooks.appended();
    if (!this.dead && this.queue.length === 0 && !this.buffer.updating) this.hooks.drained();
  };

  private readonly onError = (): void => this.fail('append');

  private fail(why: 'quota' | 'overflow' | 'append'): void {
    if (this.dead) return;
    this.dead = true;
    this.hooks.failed(why);
  }
}

function join(parts: readonly Uint8Array<ArrayBuffer>[], bytes: number): Uint8Array<ArrayBuffer> {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
