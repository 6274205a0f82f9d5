import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isZoomed, panned, SCALE_MOST, WHOLE, zoomAt, type Zoom } from '@/features/live/zoom';

const share = fc.double({ min: 0, max: 1, noNaN: true });
const steps = fc.array(
  fc.oneof(
    fc.record({ factor: fc.double({ min: 0.2, max: 5, noNaN: true }), px: share, py: share }),
    fc.record({ dx: fc.double({ min: -3, max: 3, noNaN: true }), dy: fc.double({ min: -3, max: 3, noNaN: true }) }),
  ),
  { maxLength: 20 },
);

test('whatever is done, the picture covers its window and is at most eight times as large', () => {
  fc.assert(
    fc.property(steps, (done) => {
      let zoom: Zoom = WHOLE;
      for (const step of done) zoom = 'factor' in step ? zoomAt(zoom, step.factor, step.px, step.py) : panned(zoom, step.dx, step.dy);
      expect(zoom.scale).toBeGreaterThanOrEqual(1);
      expect(zoom.scale).toBeLessThanOrEqual(SCALE_MOST);
      for (const at of [zoom.x, zoom.y]) {
        expect(at).toBeLessThanOrEqual(0);
        expect(at + zoom.scale).toBeGreaterThanOrEqual(1 - 1e-9);
      }
    }),
  );
});

test('the point under the pointer stays where it is', () => {
  fc.assert(
    fc.property(share, share, fc.double({ min: 1, max: SCALE_MOST, noNaN: true }), (px, py, factor) => {
      const zoom = zoomAt(WHOLE, factor, px, py);
      expect(zoom.x + px * zoom.scale).toBeCloseTo(px);
      expect(zoom.y + py * zoom.scale).toBeCloseTo(py);
    }),
  );
});

test('zoomed out all the way it is the whole picture again', () => {
  const near = zoomAt(WHOLE, 4, 0.9, 0.1);
  expect(isZoomed(near)).toBe(true);
  const whole = zoomAt(near, 0.01, 0, 0);
  expect(isZoomed(whole)).toBe(false);
  expect(whole.x).toBeCloseTo(0);
  expect(whole.y).toBeCloseTo(0);
});
