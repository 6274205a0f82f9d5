import { expect, test } from 'vitest';
import { LiveEdge } from '@/player/liveEdge';

/** Runs a picture whose data arrives `lumpSeconds` at a time; answers how far behind it is at the end and what was done. */
function run(edge: LiveEdge, start: { ahead: number; lump: number; seconds: number }) {
  let current = 0;
  let rate = 1;
  let jumps = 0;
  const tick = 0.25;
  for (let at = 0; at < start.seconds; at += tick) {
    const end = start.ahead + Math.floor(at / start.lump) * start.lump;
    const act = edge.decide({ nowMs: at * 1000, bufferEnd: end, currentTime: current });
    if (act.do === 'rate') rate = act.rate;
    if (act.do === 'jump') {
      current = act.to;
      jumps++;
    }
    current = Math.min(end, current + tick * rate);
  }
  return { ahead: start.ahead + start.seconds - current, rate, jumps };
}

test('a picture that is 2 s behind catches up by playing faster, without a jump', () => {
  const { ahead, jumps } = run(new LiveEdge(), { ahead: 2, lump: 0.25, seconds: 20 });
  expect(jumps).toBe(0);
  expect(ahead).toBeLessThan(0.9);
  expect(ahead).toBeGreaterThan(0);
});

test('a picture near the edge is left alone', () => {
  const edge = new LiveEdge();
  for (let i = 0; i < 40; i++) expect(edge.decide({ nowMs: i * 250, bufferEnd: i + 0.3, currentTime: i })).toEqual({ do: 'none' });
});

test('more than 3 s behind jumps, more than 10 s connects anew', () => {
  expect(new LiveEdge().decide({ nowMs: 0, bufferEnd: 5, currentTime: 0 })).toMatchObject({ do: 'jump' });
  expect(new LiveEdge().decide({ nowMs: 0, bufferEnd: 11, currentTime: 0 })).toEqual({ do: 'reconnect' });
});

test('the rate never exceeds 1.5 and comes back to 1', () => {
  const edge = new LiveEdge();
  const fast = edge.decide({ nowMs: 0, bufferEnd: 2.9, currentTime: 0 });
  expect(fast.do === 'rate' && fast.rate).toBeLessThanOrEqual(1.5);
  for (let i = 0; i < 12; i++) edge.decide({ nowMs: i * 250, bufferEnd: 0.2, currentTime: 0 });
  expect(edge.decide({ nowMs: 4000, bufferEnd: 2, currentTime: 0 })).toMatchObject({ do: 'none' });
});

test('a picture that runs dry stays farther behind, and after a calm half minute nearer again', () => {
  const edge = new LiveEdge();
  const first = edge.startAt(100);
  edge.dry(1000);
  edge.dry(2000);
  const later = edge.startAt(100);
  expect(later).toBeLessThan(first);
  edge.decide({ nowMs: 40_000, bufferEnd: 1, currentTime: 0.5 });
  expect(edge.startAt(100)).toBeGreaterThan(later);
});
