import { expect, test } from 'vitest';
import { clear, firstEmpty, firstWall, parseWall, place, swap, tileKeys, wallSearch, wantedProfile, withLayout } from '@/features/live/wall';
import { tileState } from '@/features/live/tileState';
import { makeCamera } from '../support';

test('a wall comes back from its own URL, with its holes and its maximised tile', () => {
  const wall = { layout: 4 as const, cams: ['a', null, 'b', null], max: 2 };
  expect(parseWall(wallSearch(wall))).toEqual(wall);
});

test('a URL that says nothing is no wall, and nonsense is a plain one', () => {
  expect(parseWall({})).toBeNull();
  expect(parseWall({ layout: '7', cams: 'a', max: '99' })).toMatchObject({ layout: 16, max: null });
});

test('the first wall shows the first sixteen', () => {
  const wall = firstWall(Array.from({ length: 20 }, (_, i) => `c${i}`));
  expect(wall.layout).toBe(16);
  expect(wall.cams.at(-1)).toBe('c15');
});

test('a camera goes into a tile, a folder fills what follows, nothing runs over the edge', () => {
  const wall = { layout: 4 as const, cams: ['a', 'b', null, null], max: null };
  expect(place(wall, 1, ['x']).cams).toEqual(['a', 'x', null, null]);
  expect(place(wall, 2, ['x', 'y', 'z']).cams).toEqual(['a', 'b', 'x', 'y']);
  expect(firstEmpty(wall)).toBe(2);
  expect(swap(wall, 0, 3).cams).toEqual([null, 'b', null, 'a']);
  expect(clear({ ...wall, max: 0 }, 0)).toEqual({ layout: 4, cams: [null, 'b', null, null], max: null });
});

test('a smaller layout keeps the cameras that fit, without holes', () => {
  expect(withLayout({ layout: 9, cams: ['a', null, 'b', null, null, null, null, null, 'c'], max: 1 }, 4)).toEqual({ layout: 4, cams: ['a', 'b', 'c', null], max: null });
});

test('from four tiles on the sub stream, alone or maximised the main one', () => {
  const wall = { layout: 4 as const, cams: ['a', 'b', null, null], max: 1 };
  expect([wantedProfile(wall, 0), wantedProfile(wall, 1), wantedProfile({ ...wall, layout: 1 }, 0)]).toEqual(['sub', 'main', 'main']);
});

test('a camera keeps its key when it moves, also when it is there twice', () => {
  expect(tileKeys(['a', 'b', 'a', null])).toEqual(['a#0', 'b#0', 'a#1', 'empty-3']);
});

test('a moving picture wins over an older word that the camera is offline', () => {
  const offline = makeCamera({ state: 'offline' });
  expect(tileState(offline, 'playing', true)).toBe('playing');
  expect(tileState(offline, 'connecting', true)).toBe('offline');
  expect(tileState(makeCamera(), 'stalled', true)).toBe('stalled');
  expect(tileState(makeCamera(), 'playing', false)).toBe('unsupported');
  expect(tileState(null, 'connecting', true)).toBe('offline');
});
