/** Wall time as integer µs UTC inside, the wall clock of the node's time zone on screen. */

import { instantOf, offsetUs } from './zone';

export const SECOND_US = 1_000_000;
export const DAY_US = 86_400 * SECOND_US;

/** RFC 3339 with up to six fraction digits, or integer µs → µs. Null when it is neither. */
export function parseUs(value: string | number | null | undefined): number | null {
  if (typeof value === 'number') return value;
  if (!value) return null;
  const m = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(value);
  if (!m) return null;
  const whole = Date.parse(`${m[1]}${m[3]}`);
  if (Number.isNaN(whole)) return null;
  return whole * 1000 + Number((m[2] ?? '').padEnd(6, '0').slice(0, 6));
}

export const toIso = (us: number): string => {
  const ms = Math.floor(us / 1000);
  return `${new Date(ms).toISOString().slice(0, 19)}.${String(us - Math.floor(us / SECOND_US) * SECOND_US).padStart(6, '0')}Z`;
};

const local = (us: number) => new Date(Math.floor((us + offsetUs(us)) / 1000)).toISOString();

export const dateText = (us: number): string => local(us).slice(0, 10);
export const clockText = (us: number): string => local(us).slice(11, 19);
export const clockMsText = (us: number): string => local(us).slice(11, 23);
export const dateTimeText = (us: number): string => `${dateText(us)} ${clockText(us)}`;
export const dateTimeMsText = (us: number): string => `${dateText(us)} ${clockMsText(us)}`;

/** `2026-01-31` or `2026-01-31T08:00:00` of the node's wall clock as an instant. */
export const instantUs = (local: string): number => instantOf(Date.parse(`${local.length === 10 ? `${local}T00:00:00` : local}Z`) * 1000);

/** The date `days` later. A day may last 23 or 25 hours, so dates are not counted in microseconds. */
export const dateAfter = (date: string, days: number): string => new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

/** Where the local day that holds `us` begins, and where the next one does. */
export const dayStartUs = (us: number): number => instantUs(dateText(us));
export const dayEndUs = (us: number): number => instantUs(dateAfter(dateText(us), 1));

export type Age = { unit: 'second' | 'minute' | 'hour' | 'day'; count: number };

/** A span in the largest unit that keeps it readable: 75 s, 12 min, 5 h, 3 d. */
export function ageOf(us: number): Age {
  const s = Math.max(0, Math.floor(us / SECOND_US));
  if (s < 90) return { unit: 'second', count: s };
  if (s < 90 * 60) return { unit: 'minute', count: Math.floor(s / 60) };
  if (s < 48 * 3600) return { unit: 'hour', count: Math.floor(s / 3600) };
  return { unit: 'day', count: Math.floor(s / 86_400) };
}
