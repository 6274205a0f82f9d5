import { expect, test } from 'vitest';
import { backoffMs } from '@/player/backoff';
import { meaningOf } from '@/player/mediaSocket';
import { chooseProfile } from '@/player/support';

test('tries come after 0.5 s, doubling to 10 s', () => {
  expect([0, 1, 2, 3, 4, 5, 50].map((n) => backoffMs(n, () => 1))).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
});

test('jitter takes up to a quarter away', () => {
  expect(backoffMs(2, () => 0)).toBe(1500);
});

test('close codes mean what the contract says', () => {
  expect([4401, 4403, 4404, 4503, 1006, 1000].map(meaningOf)).toEqual(['signed_out', 'forbidden', 'missing', 'limit', 'lost', 'lost']);
});

const main = { name: 'main', codec: 'h265', mime: 'video/mp4; codecs="hvc1.1.6.L120.90"' };
const sub = { name: 'sub', codec: 'h264', mime: 'video/mp4; codecs="avc1.64001e"' };
const only264 = (mime: string) => mime.includes('avc1');

test('a main stream that the browser cannot decode falls back to the sub stream', () => {
  expect(chooseProfile([main, sub], 'main', only264)).toEqual({ profile: 'sub', fallback: true });
});

test('nothing that the browser decodes names the codec', () => {
  expect(chooseProfile([main], 'main', only264)).toEqual({ profile: null, codec: 'h265' });
});

test('a wanted profile that does not exist gives the one that does, and unknown codecs are tried', () => {
  expect(chooseProfile([{ name: 'main', codec: null, mime: null }], 'sub', only264)).toEqual({ profile: 'main', fallback: true });
  expect(chooseProfile([], 'sub', only264)).toEqual({ profile: 'sub', fallback: false });
});
