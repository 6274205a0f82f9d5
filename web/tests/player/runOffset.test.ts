import { expect, test } from 'vitest';
import { RunOffset } from '@/player/runOffset';

test('the first run starts at zero wherever its own count stands', () => {
  const offset = new RunOffset();
  expect(offset.place(3600, 3602)).toBe(-3600);
  expect(offset.place(3602, 3604)).toBe(-3600);
  expect(offset.newestEnd).toBe(4);
});

test('a new run, whose count begins anew, follows the old one without a hole', () => {
  const offset = new RunOffset();
  offset.place(0, 2);
  offset.begin();
  expect(offset.place(0, 2)).toBe(2);
  expect(offset.newestEnd).toBe(4);
});

test('a seek puts the next run where it is told', () => {
  const offset = new RunOffset();
  offset.place(0, 2);
  offset.begin(10);
  expect(offset.place(500, 502)).toBe(-490);
});

test('frames lost inside a run leave no hole to stop before', () => {
  const offset = new RunOffset();
  offset.place(0, 2);
  expect(offset.place(8, 10)).toBe(-6);
  expect(offset.newestEnd).toBe(4);
});

test('rounding of a few milliseconds moves nothing', () => {
  const offset = new RunOffset();
  offset.place(0, 2);
  expect(offset.place(2.004, 4)).toBe(0);
});

test('sound of a run waits until the picture decided where the run goes', () => {
  const offset = new RunOffset();
  offset.begin();
  expect(offset.shared).toBeNull();
  offset.place(5, 6);
  expect(offset.shared).toBe(-5);
});
