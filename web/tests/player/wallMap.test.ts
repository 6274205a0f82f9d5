import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WallMap } from '@/player/wallMap';

const WALL = 1_790_000_000_000_000;

function gops(count: number): WallMap {
  const map = new WallMap();
  for (let i = 0; i < count; i++) {
    map.add(
      i * 2,
      i * 2 + 2,
      WALL + i * 2_000_000,
      Array.from({ length: 50 }, (_, k) => i * 2 + k * 0.04),
    );
  }
  return map;
}

test('media and wall time lead to each other everywhere inside', () => {
  const map = gops(5);
  fc.assert(
    fc.property(fc.double({ min: 0, max: 9.99, noNaN: true }), (media) => {
      const wall = map.wallAt(media);
      expect(wall).not.toBeNull();
      expect(map.mediaAt(wall ?? 0)).toBeCloseTo(media, 2);
    }),
  );
});

test('a gap in wall time is no media time, and its end is where the picture goes on', () => {
  const map = gops(1);
  map.add(2, 4, WALL + 60_000_000);
  expect(map.mediaAt(WALL + 30_000_000)).toBeNull();
  expect(map.nextWallFrom(WALL + 30_000_000)).toBe(WALL + 60_000_000);
  expect(map.wallAt(2.5)).toBe(WALL + 60_500_000);
});

test('behind the newest there is nothing', () => {
  const map = gops(2);
  expect(map.mediaAt(WALL + 5_000_000)).toBeNull();
  expect(map.nextWallFrom(WALL + 5_000_000)).toBeNull();
});

test('steps go to the neighbouring frame across chunk borders, from anywhere inside a frame', () => {
  const map = gops(2);
  expect(map.step(1.964, 1)).toBeCloseTo(2, 6);
  expect(map.step(2.004, -1)).toBeCloseTo(1.96, 6);
  expect(map.step(1.03, -1)).toBeCloseTo(0.96, 6);
  expect(map.step(0.004, -1)).toBeNull();
});

test('a GOP sent again replaces what it covers', () => {
  const map = gops(3);
  map.add(2, 4, WALL + 99_000_000);
  expect(map.wallAt(3)).toBe(WALL + 100_000_000);
  expect(map.lastWallUs).toBe(WALL + 101_000_000);
});

test('what was dropped is forgotten', () => {
  const map = gops(5);
  map.dropBefore(5);
  expect(map.firstWallUs).toBe(WALL + 4_000_000);
  map.dropBefore(100);
  expect(map.firstWallUs).toBeNull();
});
