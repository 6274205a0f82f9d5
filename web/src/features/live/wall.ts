/**
 * The wall as a value: layout, cameras in order, the page of them that is shown, which tile is maximised, and how long each page stays when
 * the pages turn by themselves (轮巡). Kept in the URL. Pure.
 */

import { isLarge, isLayout, type Layout } from './layouts';

export interface LiveSearch {
  layout?: string;
  cams?: string;
  max?: string;
  page?: string;
  dwell?: string;
}

export interface Wall {
  layout: Layout;
  /** Whole pages: a multiple of `layout`, null where a tile is empty. */
  cams: readonly (string | null)[];
  page: number;
  max: number | null;
  /** Seconds a page stays; null while nothing turns by itself. */
  dwell: number | null;
}

export const CAMERAS_MOST = 200;
export const DWELL_LEAST = 5;
export const DWELL_MOST = 300;
const FIRST_LAYOUT = 16;

/** Null when the URL says nothing: the console then fills the first wall. */
export function parseWall(search: LiveSearch): Wall | null {
  if (search.cams === undefined && search.layout === undefined) return null;
  const wanted = Number(search.layout ?? FIRST_LAYOUT);
  const layout = isLayout(wanted) ? wanted : FIRST_LAYOUT;
  const cams = fit((search.cams ?? '').split(',').slice(0, CAMERAS_MOST).map((id) => id || null), layout);
  const within = (text: string | undefined, least: number, most: number) => {
    const n = Number(text);
    return text !== undefined && Number.isInteger(n) && n >= least && n <= most ? n : null;
  };
  return {
    layout,
    cams,
    page: within(search.page, 0, cams.length / layout - 1) ?? 0,
    max: within(search.max, 0, layout - 1),
    dwell: within(search.dwell, DWELL_LEAST, DWELL_MOST),
  };
}

export function wallSearch({ layout, cams, page, max, dwell }: Wall): LiveSearch {
  return {
    layout: String(layout),
    cams: cams.map((id) => id ?? '').join(',').replace(/,+$/, ''),
    ...(page === 0 ? {} : { page: String(page) }),
    ...(max === null ? {} : { max: String(max) }),
    ...(dwell === null ? {} : { dwell: String(dwell) }),
  };
}

export const makeWall = (layout: Layout, ids: readonly (string | null)[], dwell: number | null = null): Wall => ({ layout, cams: fit(ids, layout), page: 0, max: null, dwell });

export const firstWall = (ids: readonly string[]): Wall => makeWall(FIRST_LAYOUT, ids.slice(0, FIRST_LAYOUT));

/** Cameras of the shown page, one a tile. */
export const shownCams = (wall: Wall): readonly (string | null)[] => pageCams(wall, wall.page);

export const pagesOf = (wall: Wall): number => wall.cams.length / wall.layout;

const pageCams = (wall: Wall, page: number) => wall.cams.slice(page * wall.layout, (page + 1) * wall.layout);

export const nextPage = (wall: Wall): number => (wall.page + 1) % pagesOf(wall);

/** What the next page shows that this one does not, and in which tile. */
export function nextTiles(wall: Wall): { id: string; tile: number }[] {
  const now = new Set(shownCams(wall));
  return pageCams(wall, nextPage(wall)).flatMap((id, tile) => (id === null || now.has(id) ? [] : [{ id, tile }]));
}

export function turned(wall: Wall, by: 1 | -1): Wall {
  const pages = pagesOf(wall);
  return { ...wall, page: (wall.page + by + pages) % pages, max: null };
}

/** Fewer tiles keep all cameras, without holes, on more pages; more tiles keep places. The first camera of the page stays on the page. */
export function withLayout(wall: Wall, layout: Layout): Wall {
  const first = wall.cams.slice(wall.page * wall.layout).find((id) => id !== null);
  const cams = fit(layout < wall.layout || pagesOf(wall) > 1 ? wall.cams.filter((id) => id !== null) : wall.cams, layout);
  const at = first === undefined ? -1 : cams.indexOf(first);
  return { ...wall, layout, cams, page: Math.max(0, Math.floor(at / layout)), max: null };
}

/** The first tile of the shown page without a camera. */
export const firstEmpty = (wall: Wall): number | null => {
  const at = shownCams(wall).indexOf(null);
  return at < 0 ? null : at;
};

/** Puts cameras into tiles from `at` on; a folder goes on over the next pages. */
export function place(wall: Wall, at: number, ids: readonly string[]): Wall {
  const from = wall.page * wall.layout + at;
  const cams: (string | null)[] = [...wall.cams];
  ids.slice(0, Math.max(0, CAMERAS_MOST - from)).forEach((id, i) => {
    cams[from + i] = id;
  });
  return { ...wall, cams: fit(cams, wall.layout) };
}

export function swap(wall: Wall, a: number, b: number): Wall {
  const cams = [...wall.cams];
  const [i, j] = [a, b].map((tile) => wall.page * wall.layout + tile) as [number, number];
  [cams[i], cams[j]] = [cams[j] ?? null, cams[i] ?? null];
  return { ...wall, cams };
}

export function clear(wall: Wall, at: number): Wall {
  const index = wall.page * wall.layout + at;
  const cams = fit(wall.cams.map((id, i) => (i === index ? null : id)), wall.layout);
  return { ...wall, cams, page: Math.min(wall.page, cams.length / wall.layout - 1), max: wall.max === at ? null : wall.max };
}

export const cleared = (wall: Wall): Wall => makeWall(wall.layout, []);

/** Small tiles show the sub stream; a large or maximised one the main stream. */
export const wantedProfile = (wall: Wall, tile: number): 'main' | 'sub' => (wall.max === tile || isLarge(wall.layout, tile) ? 'main' : 'sub');

/** Whether two walls show the same cameras in the same tiles: only such a change is worth an undo. */
export const sameCameras = (a: Wall, b: Wall): boolean => a.layout === b.layout && a.dwell === b.dwell && a.cams.join() === b.cams.join();

/** Keys that move with the camera, so that a swap moves the running picture and does not start it anew. */
export function tileKeys(cams: readonly (string | null)[]): string[] {
  const count = new Map<string, number>();
  return cams.map((id, i) => {
    if (id === null) return `empty-${i}`;
    const n = count.get(id) ?? 0;
    count.set(id, n + 1);
    return `${id}#${n}`;
  });
}

/** Filled up to whole pages; empty pages at the end go. */
function fit(ids: readonly (string | null)[], layout: Layout): (string | null)[] {
  const used = ids.findLastIndex((id) => id != null) + 1;
  const pages = Math.max(1, Math.ceil(used / layout));
  return Array.from({ length: pages * layout }, (_, i) => ids[i] ?? null);
}
