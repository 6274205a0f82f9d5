import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clampView, keepInView, LADDER_US, mergeRuns, rungOf, spanOf, ticks, timeToX, viewAround, windowsFor, xToTime, zoom, type View } from '@/timeline/math';

const NOW = 1_790_000_000_000_000;
const ZONE = 8 * 3600 * 1e6;
const views = fc.tuple(fc.integer({ min: 40 * 86_400e6, max: NOW }), fc.constantFrom(...LADDER_US)).map(([c, s]): View => viewAround(c, s));
const widths = fc.integer({ min: 300, max: 4000 });

test('x and time lead to each other', () => {
  fc.assert(
    fc.property(views, widths, fc.double({ min: 0, max: 1, noNaN: true }), (view, width, share) => {
      const x = share * width;
      expect(timeToX(view, width, xToTime(view, width, x))).toBeCloseTo(x, 3);
    }),
  );
});

test('zooming keeps the time under the cursor and stays on the ladder', () => {
  fc.assert(
    fc.property(views, fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(1 as const, -1 as const), (view, share, by) => {
      const about = view.fromUs + share * spanOf(view);
      const next = zoom(view, about, by);
      expect((about - next.fromUs) / spanOf(next)).toBeCloseTo(share, 6);
      expect(LADDER_US).toContain(Math.round(spanOf(next)));
    }),
  );
});

test('zooming in and out again gives the same span, except at the ends', () => {
  for (let i = 1; i < LADDER_US.length - 1; i++) {
    const view = viewAround(NOW, LADDER_US[i]!);
    expect(rungOf(spanOf(zoom(zoom(view, NOW, 1), NOW, -1)))).toBe(i);
  }
  expect(spanOf(zoom(viewAround(NOW, 10e6), NOW, 1))).toBe(10e6);
});

test('labels stand at least 84 px apart and at round local times', () => {
  fc.assert(
    fc.property(views, widths, (view, width) => {
      const { majorUs, ticks: all } = ticks(view, width, () => ZONE);
      const majors = all.filter((t) => t.major);
      for (let i = 1; i < majors.length; i++) {
        expect(timeToX(view, width, majors[i]!.us) - timeToX(view, width, majors[i - 1]!.us)).toBeGreaterThanOrEqual(83.9);
      }
      for (const t of majors) expect((t.us + ZONE) % majorUs).toBe(0);
    }),
  );
});

test('the future fills at most a quarter of the view', () => {
  const view = clampView(viewAround(NOW + 3600e6, 600e6), NOW);
  expect(view.toUs - NOW).toBe(150e6);
  expect(spanOf(view)).toBe(600e6);
});

test('the view turns its page only when the head left it', () => {
  const view = viewAround(NOW, 600e6);
  expect(keepInView(view, NOW + 299e6)).toBe(view);
  const next = keepInView(view, NOW + 301e6);
  expect(next.fromUs).toBeLessThan(NOW + 301e6);
  expect(next.toUs).toBeGreaterThan(NOW + 301e6);
});

test('neighbours of one kind become one run, other kinds stay apart', () => {
  const runs = [
    { fromUs: 0, toUs: 10, kind: 'a' },
    { fromUs: 10, toUs: 20, kind: 'a' },
    { fromUs: 20, toUs: 30, kind: 'b' },
    { fromUs: 35, toUs: 40, kind: 'b' },
  ];
  expect(mergeRuns(runs)).toHaveLength(3);
  expect(mergeRuns(runs, 5)).toEqual([
    { fromUs: 0, toUs: 20, kind: 'a' },
    { fromUs: 20, toUs: 40, kind: 'b' },
  ]);
});

test('the windows to fetch cover the view and are few', () => {
  fc.assert(
    fc.property(views, (view) => {
      const { sizeUs, indexes } = windowsFor(view);
      expect(indexes.length).toBeLessThanOrEqual(2);
      expect(indexes[0]! * sizeUs).toBeLessThanOrEqual(view.fromUs);
      expect((indexes.at(-1)! + 1) * sizeUs).toBeGreaterThan(view.toUs);
    }),
  );
});

test('round times follow the wall clock where it is set', () => {
  const hour = 3600e6;
  const setBackUs = Date.parse('2026-11-01T06:00:00Z') * 1000; // New York: from 02:00 to 01:00
  const offsetUs = (us: number) => (us < setBackUs ? -4 : -5) * hour;
  const { ticks: all } = ticks({ fromUs: setBackUs - 12 * hour, toUs: setBackUs + 12 * hour }, 1000, offsetUs);
  const majors = all.filter((t) => t.major).map((t) => new Date((t.us + offsetUs(t.us)) / 1000).toISOString().slice(11, 16));
  expect(majors.length).toBeGreaterThan(5);
  expect(majors.every((text) => /^(0[0369]|1[258]|21):00$/.test(text))).toBe(true);
});
