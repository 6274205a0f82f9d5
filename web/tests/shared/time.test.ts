import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ageOf, clockMsText, dateTimeText, dayStartUs, parseUs, toIso } from '@/shared/lib/time';

test('times survive the way out and back to the microsecond', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 4_000_000_000_000_000 }), (us) => {
    expect(parseUs(toIso(us))).toBe(us);
  }));
});

test('what is no time is null', () => {
  expect(['', 'soon', '2026-05-01', null, undefined].map(parseUs)).toEqual([null, null, null, null, null]);
});

test('the screen shows UTC+8', () => {
  const us = parseUs('2026-11-22T17:59:59.123456Z')!;
  expect(dateTimeText(us)).toBe('2026-11-23 01:59:59');
  expect(clockMsText(us)).toBe('01:59:59.123');
  expect(dateTimeText(dayStartUs(us))).toBe('2026-11-23 00:00:00');
});

test('ages use the largest unit that keeps them readable', () => {
  expect([5, 89, 90, 720, 6 * 3600, 3 * 86_400].map((s) => ageOf(s * 1e6))).toEqual([
    { unit: 'second', count: 5 },
    { unit: 'second', count: 89 },
    { unit: 'minute', count: 1 },
    { unit: 'minute', count: 12 },
    { unit: 'hour', count: 6 },
    { unit: 'day', count: 3 },
  ]);
});
