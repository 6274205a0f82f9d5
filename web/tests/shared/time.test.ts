import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ageOf, clockMsText, dateAfter, dateTimeText, dayEndUs, dayStartUs, instantUs, parseUs, toIso } from '@/shared/lib/time';
import { offsetText, setZone } from '@/shared/lib/zone';

test('times survive the way out and back to the microsecond', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 4_000_000_000_000_000 }), (us) => {
    expect(parseUs(toIso(us))).toBe(us);
  }));
});

test('what is no time is null', () => {
  expect(['', 'soon', '2026-05-01', null, undefined].map(parseUs)).toEqual([null, null, null, null, null]);
});

test('the screen shows the wall clock of the node', () => {
  setZone('Asia/Shanghai');
  const us = parseUs('2026-11-22T17:59:59.123456Z')!;
  expect(dateTimeText(us)).toBe('2026-11-23 01:59:59');
  expect(clockMsText(us)).toBe('01:59:59.123');
  expect(dateTimeText(dayStartUs(us))).toBe('2026-11-23 00:00:00');
  setZone('America/New_York');
  expect(dateTimeText(us)).toBe('2026-11-22 12:59:59');
  setZone('Mars/Olympus');
  expect(dateTimeText(us)).toBe('2026-11-22 12:59:59');
});

test('a day lasts as long as the wall clock needs for it', () => {
  setZone('America/New_York');
  const hours = (date: string) => (dayEndUs(instantUs(date)) - dayStartUs(instantUs(date))) / 3600e6;
  expect(['2026-03-08', '2026-07-01', '2026-11-01'].map(hours)).toEqual([23, 24, 25]);
  expect(dateTimeText(instantUs('2026-11-01T01:30:00'))).toBe('2026-11-01 01:30:00');
  expect(toIso(instantUs('2026-11-01T01:30:00'))).toBe('2026-11-01T05:30:00.000000Z');
  expect(dateTimeText(instantUs('2026-03-08T02:30:00'))).toBe('2026-03-08 03:30:00');
  expect([dateAfter('2026-02-28', 1), dateAfter('2026-03-08', 14)]).toEqual(['2026-03-01', '2026-03-22']);
});

test('what the clock shows is found again, in every zone', () => {
  const zones = ['UTC', 'Asia/Shanghai', 'Asia/Kathmandu', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia'];
  fc.assert(fc.property(fc.constantFrom(...zones), fc.integer({ min: 0, max: 2_000_000_000 }), (zone, seconds) => {
    setZone(zone);
    const shown = dateTimeText(seconds * 1e6);
    expect(dateTimeText(instantUs(shown.replace(' ', 'T')))).toBe(shown);
  }));
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

test('a time that leaves the console says how far its clock is from UTC', () => {
  setZone('America/St_Johns');
  expect(offsetText(Date.UTC(2026, 0, 1) * 1000)).toBe('UTC-3:30');
  setZone('UTC');
  expect(offsetText(0)).toBe('UTC+0');
});
