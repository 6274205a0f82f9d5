/** The wall as a value: layout, which camera is in which tile, which tile is maximised. Kept in the URL. Pure. */

export const LAYOUTS = [1, 4, 9, 16] as const;
export type Layout = (typeof LAYOUTS)[number];

export interface LiveSearch {
  layout?: string;
  cams?: string;
  max?: string;
}

export interface Wall {
  layout: Layout;
  cams: readonly (string | null)[];
  max: number | null;
}

const isLayout = (n: number): n is Layout => (LAYOUTS as readonly number[]).includes(n);

/** Null when the URL says nothing: the console then fills the first wall. */
export function parseWall(search: LiveSearch): Wall | null {
  if (search.cams === undefined && search.layout === undefined) return null;
  const wanted = Number(search.layout ?? 16);
  const layout = isLayout(wanted) ? wanted : 16;
  const ids = (search.cams ?? '').split(',').map((id) => id || null);
  const max = search.max === undefined ? null : Number(search.max);
  return { layout, cams: fit(ids, layout), max: max !== null && Number.isInteger(max) && max >= 0 && max < layout ? max : null };
}

export function wallSearch(wall: Wall): LiveSearch {
  const cams = wall.cams.map((id) => id ?? '').join(',').replace(/,+$/, '');
  return { layout: String(wall.layout), cams, ...(wall.max === null ? {} : { max: String(wall.max) }) };
}

export function firstWall(ids: readonly string[]): Wall {
  return { layout: 16, cams: fit(ids, 16), max: null };
}

export function withLayout(wall: Wall, layout: Layout): Wall {
  const kept = layout < wall.layout ? wall.cams.filter((id) => id !== null) : wall.cams;
  return { layout, cams: fit(kept, layout), max: null };
}

export const firstEmpty = (wall: Wall): number | null => {
  const at = wall.cams.indexOf(null);
  return at < 0 ? null : at;
};

/** Puts cameras into tiles from `at` on; a folder fills what follows. */
export function place(wall: Wall, at: number, ids: readonly string[]): Wall {
  const cams = [...wall.cams];
  ids.slice(0, wall.layout - at).forEach((id, i) => {
    cams[at + i] = id;
  });
  return { ...wall, cams };
}

export function swap(wall: Wall, a: number, b: number): Wall {
  const cams = [...wall.cams];
  [cams[a], cams[b]] = [cams[b] ?? null, cams[a] ?? null];
  return { ...wall, cams };
}

export function clear(wall: Wall, at: number): Wall {
  return { ...wall, cams: wall.cams.map((id, i) => (i === at ? null : id)), max: wall.max === at ? null : wall.max };
}

/** From 4 tiles on the sub stream; alone or maximised the main one. */
export const wantedProfile = (wall: Wall, tile: number): 'main' | 'sub' => (wall.layout === 1 || wall.max === tile ? 'main' : 'sub');

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

function fit(ids: readonly (string | null)[], layout: Layout): (string | null)[] {
  return Array.from({ length: layout }, (_, i) => ids[i] ?? null);
}
