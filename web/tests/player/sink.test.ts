import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { VIDEO_TRACK } from '@/player/frames';
import { MediaSink } from '@/player/sink';

/** What MSE promises and the sink relies on: duration may not be set while a buffer is updating. */
class FakeSource extends EventTarget {
  readyState = 'closed';
  readonly buffers: FakeBuffer[] = [];
  private length = NaN;

  constructor() {
    super();
    sources.push(this);
  }

  get duration(): number {
    return this.length;
  }

  set duration(to: number) {
    if (this.buffers.some((buffer) => buffer.updating)) throw new Error('InvalidStateError');
    this.length = to;
  }

  addSourceBuffer(): FakeBuffer {
    const buffer = new FakeBuffer();
    this.buffers.push(buffer);
    return buffer;
  }
}

class FakeBuffer extends EventTarget {
  updating = false;
  mode = 'segments';
  timestampOffset = 0;
  readonly buffered = { length: 0, start: () => 0, end: () => 0 };
  readonly appended: Uint8Array[] = [];

  appendBuffer(bytes: Uint8Array): void {
    this.updating = true;
    this.appended.push(bytes);
  }

  abort(): void {
    this.updating = false;
  }
}

let sources: FakeSource[] = [];

beforeEach(() => {
  sources = [];
  vi.stubGlobal('MediaSource', FakeSource);
  vi.stubGlobal('URL', { createObjectURL: () => 'blob:1', revokeObjectURL: () => undefined });
});

afterEach(() => {
  vi.unstubAllGlobals();
});

function video(): HTMLVideoElement {
  return Object.assign(new EventTarget(), { currentTime: 0, src: '', removeAttribute: () => undefined, load: () => undefined }) as unknown as HTMLVideoElement;
}

describe('the sink of a video element', () => {
  it('appends nothing between the source being open and its event saying so', () => {
    const failed = vi.fn();
    const sink = new MediaSink(video(), { failed });
    const source = sources[0]!;
    source.readyState = 'open';
    sink.configure(VIDEO_TRACK, 'video/mp4; codecs="avc1.42E01E"');
    sink.append(VIDEO_TRACK, new Uint8Array([1]), null);
    expect(source.buffers).toHaveLength(0);
    source.dispatchEvent(new Event('sourceopen'));
    expect(source.duration).toBe(Infinity);
    expect(source.buffers[0]!.appended).toHaveLength(1);
    expect(failed).not.toHaveBeenCalled();
  });
});
