import { expect, test } from 'vitest';
import { coverageOf } from '@/features/playback/queries';
import { camerasOf, nextSpeed, timeOf, toggled } from '@/features/playback/search';

test('at most four cameras play in step; choosing a chosen one takes it out', () => {
  expect(camerasOf({ cams: 'a,b,,c,d,e' })).toEqual(['a', 'b', 'c', 'd']);
  expect(toggled(['a', 'b'], 'a')).toEqual(['b']);
  expect(toggled(['a', 'b', 'c', 'd'], 'e')).toEqual(['a', 'b', 'c', 'e']);
});

test('a time in the URL is whole microseconds or nothing', () => {
  expect(timeOf({ t: '1790000000000000' })).toBe(1_790_000_000_000_000);
  expect([timeOf({}), timeOf({ t: 'x' }), timeOf({ t: '-5' }), timeOf({ t: '1.5' })]).toEqual([null, null, null, null]);
});

test('speeds go up and down a ladder with ends', () => {
  expect([nextSpeed(1, 1), nextSpeed(8, 1), nextSpeed(0.5, -1)]).toEqual([2, 8, 0.5]);
});

test('a timeline answer becomes spans in microseconds', () => {
  const answer = {
    from: '2026-05-01T08:00:00.000000Z',
    to: '2026-05-01T08:01:00.000000Z',
    recorded: [{ from: '2026-05-01T08:00:00.000000Z', to: '2026-05-01T08:00:30.500000Z', kind: 'continuous', at: 'here' as const, state: 'ok' as const, origin: 'live' as const }],
    gaps: [{ from: '2026-05-01T08:00:30.500000Z', to: '2026-05-01T08:01:00.000000Z', cause: 'auth', detail: '' }],
  };
  const { recorded, gaps } = coverageOf(answer);
  expect(recorded[0]!.toUs - recorded[0]!.fromUs).toBe(30_500_000);
  expect(gaps[0]).toMatchObject({ cause: 'auth', fromUs: recorded[0]!.toUs });
});

test('what the camera gave later has a kind of its own, unless something weighs more', () => {
  const span = { from: '2026-05-01T08:00:00.000000Z', to: '2026-05-01T08:00:30.000000Z', kind: 'continuous', at: 'here' as const, origin: 'edge' as const };
  const kindOf = (state: 'ok' | 'damaged' | 'held') => coverageOf({ from: span.from, to: span.to, recorded: [{ ...span, state }], gaps: [] }).recorded[0]!.kind;
  expect([kindOf('ok'), kindOf('damaged'), kindOf('held')]).toEqual(['edge', 'damaged', 'held']);
});
