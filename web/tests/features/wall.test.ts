import fc from 'fast-check';
import { expect, test } from 'vitest';
import { camerasByNumber } from '@/features/live/cameraNumber';
import { GEOMETRY, LAYOUTS, neighbour, type Direction } from '@/features/live/layouts';
import { tileState } from '@/features/live/tileState';
import { clear, firstEmpty, firstWall, makeWall, nextTiles, pagesOf, parseWall, place, sameCameras, shownCams, swap, tileKeys, turned, wallSearch, wantedProfile, withLayout, type Wall } from '@/features/live/wall';
import { makeCamera } from '../support';

const someWall = fc
  .record({ layout: fc.constantFrom(...LAYOUTS), ids: fc.array(fc.option(fc.stringMatching(/^[a-f0-9]{1,8}$/)), { maxLength: 60 }), dwell: fc.option(fc.integer({ min: 5, max: 300 })) })
  .map(({ layout, ids, dwell }) => makeWall(layout, ids, dwell));

test('the windows of a layout are as many as its name says and cover the wall once', () => {
  for (const layout of LAYOUTS) {
    const { side, places } = GEOMETRY[layout];
    expect(places).toHaveLength(layout);
    const cells = places.flatMap((p) => Array.from({ length: p.span ** 2 }, (_, i) => `${p.x + (i % p.span)},${p.y + Math.floor(i / p.span)}`));
    expect(new Set(cells).size).toBe(cells.length);
    expect(cells).toHaveLength(side * side);
    for (const p of places) expect(Math.max(p.x, p.y) + p.span).toBeLessThanOrEqual(side);
  }
});

test('an arrow goes to a window that lies on that side, and from every window every other one can be reached', () => {
  const directions: Direction[] = ['left', 'right', 'up', 'down'];
  for (const layout of LAYOUTS) {
    const { places } = GEOMETRY[layout];
    const reached = new Set([0]);
    for (const at of reached) {
      for (const to of directions) {
        const next = neighbour(layout, at, to);
        reached.add(next);
        if (next !== at && to === 'right') expect(places[next]!.x).toBeGreaterThanOrEqual(places[at]!.x + places[at]!.span);
        if (next !== at && to === 'up') expect(places[next]!.y + places[next]!.span).toBeLessThanOrEqual(places[at]!.y);
      }
    }
    expect(reached.size).toBe(layout);
  }
});

test('a wall comes back from its own URL, with its holes, its page and its maximised tile', () => {
  const wall: Wall = { layout: 4, cams: ['a', null, 'b', null, 'c', null, null, null], page: 1, max: 2, dwell: 20 };
  expect(parseWall(wallSearch(wall))).toEqual(wall);
  fc.assert(
    fc.property(someWall, (any) => {
      expect(parseWall(wallSearch(any))).toEqual(any);
    }),
  );
});

test('a URL that says nothing is no wall, and nonsense is a plain one', () => {
  expect(parseWall({})).toBeNull();
  expect(parseWall({ layout: '7', cams: 'a', max: '99', page: '3', dwell: '1' })).toMatchObject({ layout: 16, max: null, page: 0, dwell: null });
});

test('the first wall shows the first sixteen', () => {
  const wall = firstWall(Array.from({ length: 20 }, (_, i) => `c${i}`));
  expect(wall.layout).toBe(16);
  expect(wall.cams.at(-1)).toBe('c15');
});

test('a camera goes into a tile, a folder fills what follows and goes on over the next pages', () => {
  const wall = makeWall(4, ['a', 'b']);
  expect(place(wall, 1, ['x']).cams).toEqual(['a', 'x', null, null]);
  const more = place(wall, 2, ['x', 'y', 'z']);
  expect(more.cams).toEqual(['a', 'b', 'x', 'y', 'z', null, null, null]);
  expect(shownCams(turned(more, 1))).toEqual(['z', null, null, null]);
  expect(firstEmpty(turned(more, 1))).toBe(1);
  expect(swap(turned(more, 1), 0, 3).cams.slice(4)).toEqual([null, null, null, 'z']);
  expect(clear({ ...wall, max: 0 }, 0)).toEqual({ ...makeWall(4, [null, 'b']), max: null });
});

test('an emptied last page goes, and with it the place on it', () => {
  const wall = turned(makeWall(1, ['a', 'b']), 1);
  expect(clear(wall, 0)).toMatchObject({ cams: ['a'], page: 0 });
});

test('another layout loses no camera, and the first one of the page stays in sight', () => {
  expect(withLayout(makeWall(9, ['a', null, 'b', null, null, null, null, null, 'c']), 4)).toMatchObject({ layout: 4, cams: ['a', 'b', 'c', null] });
  fc.assert(
    fc.property(someWall, fc.constantFrom(...LAYOUTS), fc.nat(), (wall, layout, page) => {
      const from = { ...wall, page: page % pagesOf(wall) };
      const to = withLayout(from, layout);
      const all = (w: Wall) => w.cams.filter((id) => id !== null);
      expect(all(to)).toEqual(all(from));
      const first = shownCams(from).find((id) => id !== null);
      if (first !== undefined && all(from).indexOf(first) === all(from).lastIndexOf(first)) expect(shownCams(to)).toContain(first);
      expect(to.cams.length % layout).toBe(0);
    }),
  );
});

test('pages turn round, and what the next one needs beyond this one is known before', () => {
  const wall = makeWall(4, ['a', 'b', 'c', 'd', 'e', 'a']);
  expect(turned(turned(wall, 1), 1).page).toBe(0);
  expect(turned(wall, -1).page).toBe(1);
  expect(nextTiles(wall)).toEqual([{ id: 'e', tile: 0 }]);
});

test('small tiles show the sub stream, a large or maximised one the main stream', () => {
  const wall = { ...makeWall(4, ['a', 'b']), max: 1 };
  expect([wantedProfile(wall, 0), wantedProfile(wall, 1), wantedProfile(makeWall(1, ['a']), 0)]).toEqual(['sub', 'main', 'main']);
  expect([wantedProfile(makeWall(8, []), 0), wantedProfile(makeWall(8, []), 1), wantedProfile(makeWall(13, []), 0)]).toEqual(['main', 'sub', 'sub']);
});

test('only another arrangement of cameras is worth an undo', () => {
  const wall = makeWall(4, ['a', 'b', 'c', 'd', 'e']);
  expect(sameCameras(wall, { ...turned(wall, 1), max: 2 })).toBe(true);
  expect(sameCameras(wall, swap(wall, 0, 1))).toBe(false);
});

test('a camera keeps its key when it moves, also when it is there twice', () => {
  expect(tileKeys(['a', 'b', 'a', null])).toEqual(['a#0', 'b#0', 'a#1', 'empty-3']);
});

test('a camera is found by its serial number, or by the last digits of its code when that names several', () => {
  const cameras = [makeCamera({ id: 'a', code: '11010101001320000012' }), makeCamera({ id: 'b', code: '11010102001320000012' }), makeCamera({ id: 'c', code: '11010101001320000120' }), makeCamera({ id: 'd', code: null })];
  const found = (digits: string) => camerasByNumber(cameras, digits).map((c) => c.id);
  expect(found('120')).toEqual(['c']);
  expect(found('12')).toEqual(['a', 'b']);
  expect(found('11010102001320000012')).toEqual(['b']);
  expect(found('7')).toEqual([]);
});

test('a moving picture wins over an older word that the camera is offline', () => {
  const offline = makeCamera({ state: 'offline' });
  expect(tileState(offline, 'playing', true)).toBe('playing');
  expect(tileState(offline, 'connecting', true)).toBe('offline');
  expect(tileState(makeCamera(), 'stalled', true)).toBe('stalled');
  expect(tileState(makeCamera(), 'playing', false)).toBe('unsupported');
  expect(tileState(null, 'connecting', true)).toBe('offline');
});
