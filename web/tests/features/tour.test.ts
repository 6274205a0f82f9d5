import fc from 'fast-check';
import { expect, test } from 'vitest';
import { windowUrl } from '@/features/live/openWindow';
import { wallOfView } from '@/features/live/SavedViews';
import { begun, later, leadMs } from '@/features/live/tour';
import { makeWall, parseWall, turned } from '@/features/live/wall';

test('a page stays as long as it should, and the next one gets ready before, never after', () => {
  fc.assert(
    fc.property(fc.integer({ min: 5, max: 300 }), fc.array(fc.integer({ min: 1, max: 2_000 }), { minLength: 1, maxLength: 2_000 }), (seconds, steps) => {
      const dwell = seconds * 1000;
      let tour = begun(dwell);
      let passed = 0;
      for (const step of steps) {
        tour = later(tour, step, dwell, false);
        passed += step;
        expect(tour.turn).toBe(passed >= dwell);
        expect(tour.ready).toBe(passed >= dwell - leadMs(dwell));
        if (tour.turn) break;
      }
    }),
  );
});

test('a held tour does not move, and goes on where it stood', () => {
  const half = later(begun(10_000), 5_000, 10_000, false);
  expect(later(half, 60_000, 10_000, true)).toEqual(half);
  expect(later(half, 4_999, 10_000, false).turn).toBe(false);
});

test('what a view keeps is the wall that it opens, and the address of its own window is that wall', () => {
  const wall = wallOfView({ layout: 4, cameras: ['a', null, 'b', 'c', 'd'], dwell_s: 15 });
  expect(wall).toEqual(makeWall(4, ['a', null, 'b', 'c', 'd'], 15));
  const { pathname, searchParams } = new URL(windowUrl({ ...turned(wall, 1), max: 0 }), 'http://node.example.org');
  expect(pathname).toBe('/wall');
  expect(parseWall(Object.fromEntries(searchParams))).toEqual(turned(wall, 1));
  expect(wallOfView({ layout: 49, cameras: ['a'], dwell_s: null }).layout).toBe(16);
});
