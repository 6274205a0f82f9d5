import { expect, test } from 'vitest';
import { draw, heightOf, type Scene } from '@/timeline/draw';

const NOW = 1_790_000_000_000_000;
const DAY = 86_400e6;

/** Counts what a drawing costs; pixels are for the browser's tests. */
function counting(): { ctx: CanvasRenderingContext2D; calls: () => number } {
  let calls = 0;
  const held: Record<string, unknown> = {};
  const ctx: unknown = new Proxy(held, {
    get: (target, key) => {
      if (key === 'measureText') return (text: string) => ({ width: text.length * 7 });
      if (typeof key === 'string' && key in target) return target[key];
      return () => {
        calls++;
      };
    },
  });
  return { ctx: ctx as CanvasRenderingContext2D, calls: () => calls };
}

test('16 tracks with a break each minute of a day draw no more than the screen has pixels', () => {
  const tracks = Array.from({ length: 16 }, (_, i) => ({
    id: `c${i}`,
    name: `c${i}`,
    recorded: Array.from({ length: 1440 }, (_v, m) => ({ fromUs: NOW - DAY + m * 60e6, toUs: NOW - DAY + m * 60e6 + 59e6, kind: 'continuous' })),
    events: [{ fromUs: NOW - DAY, toUs: NOW, kind: 'open' }],
    gaps: Array.from({ length: 1440 }, (_v, m) => ({ fromUs: NOW - DAY + m * 60e6 + 59e6, toUs: NOW - DAY + m * 60e6 + 60e6, kind: 'network', cause: 'network' })),
  }));
  const scene: Scene = {
    view: { fromUs: NOW - DAY, toUs: NOW },
    tracks,
    headUs: NOW - 3600e6,
    nowUs: NOW,
    selection: null,
    hoverX: 10,
    offsetUs: () => 0,
    label: () => ({ text: '00:00', date: false }),
  };
  const { ctx, calls } = counting();
  draw(ctx, scene, 1900, heightOf(16));
  expect(calls()).toBeLessThan(16 * 1900);
});
