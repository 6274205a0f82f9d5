import fc from 'fast-check';
import { expect, test } from 'vitest';
import { timescaleOf, timesOf } from '@/player/boxes';
import { makeChunk, makeInit } from '../support';

test('an Init tells its timescale', () => {
  expect(timescaleOf(makeInit(90_000))).toBe(90_000);
});

test('a Chunk tells its first decode time, its frames in showing order and its end', () => {
  const chunk = makeChunk(2 ** 33, [
    { duration: 3600, shift: 3600 },
    { duration: 3600, shift: 7200 },
    { duration: 3600, shift: 0 },
  ]);
  const base = 2 ** 33;
  expect(timesOf(chunk)).toEqual({ base, shown: base + 3600, frames: [base + 3600, base + 7200, base + 10_800], end: base + 10_800 });
});

test('bytes that are no boxes give nothing and never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(timescaleOf(bytes)).toBeNull();
      expect(timesOf(bytes)).toBeNull();
    }),
  );
});

test('a chunk cut anywhere never throws', () => {
  const chunk = makeChunk(9000, [{ duration: 3600 }, { duration: 3600 }]);
  for (let n = 0; n < chunk.length; n++) timesOf(chunk.slice(0, n));
});
