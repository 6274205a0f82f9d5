/** 分屏: where the windows of each layout stand, on a square grid of cells. Pure. */

export const LAYOUTS = [1, 4, 6, 8, 9, 10, 13, 16, 25, 36] as const;
export type Layout = (typeof LAYOUTS)[number];

export interface Place {
  x: number;
  y: number;
  /** Side in cells. */
  span: number;
}

export interface Geometry {
  /** Cells of a row, and of a column: every window keeps the proportions of the wall. */
  side: number;
  places: readonly Place[];
}

/** Side of the grid, and its windows of more than one cell; the others fill what is left, row by row. */
const SHAPES: Record<Layout, { side: number; large: readonly Place[] }> = {
  1: { side: 1, large: [] },
  4: { side: 2, large: [] },
  6: { side: 3, large: [{ x: 0, y: 0, span: 2 }] },
  8: { side: 4, large: [{ x: 0, y: 0, span: 3 }] },
  9: { side: 3, large: [] },
  10: { side: 4, large: [{ x: 0, y: 0, span: 2 }, { x: 2, y: 0, span: 2 }] },
  13: { side: 4, large: [{ x: 1, y: 1, span: 2 }] },
  16: { side: 4, large: [] },
  25: { side: 5, large: [] },
  36: { side: 6, large: [] },
};

const covers = (p: Place, x: number, y: number) => x >= p.x && x < p.x + p.span && y >= p.y && y < p.y + p.span;

function fill({ side, large }: { side: number; large: readonly Place[] }): Geometry {
  const places: Place[] = [...large];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) if (!large.some((p) => covers(p, x, y))) places.push({ x, y, span: 1 });
  }
  return { side, places };
}

export const GEOMETRY = Object.fromEntries(LAYOUTS.map((n) => [n, fill(SHAPES[n])])) as unknown as Record<Layout, Geometry>;

export const isLayout = (n: number): n is Layout => (LAYOUTS as readonly number[]).includes(n);

export type Direction = 'left' | 'right' | 'up' | 'down';

const TURNED: Record<Direction, (p: Place) => { along: number; across: number; span: number }> = {
  right: (p) => ({ along: p.x, across: p.y, span: p.span }),
  left: (p) => ({ along: -p.x - p.span, across: p.y, span: p.span }),
  down: (p) => ({ along: p.y, across: p.x, span: p.span }),
  up: (p) => ({ along: -p.y - p.span, across: p.x, span: p.span }),
};

/** The window next to `from` on that side: the nearest that lies beside it. At the edge it is `from` itself. */
export function neighbour(layout: Layout, from: number, direction: Direction): number {
  const { places } = GEOMETRY[layout];
  const turn = TURNED[direction];
  const own = places[from];
  if (!own) return 0;
  const me = turn(own);
  let best = { index: from, far: Infinity };
  places.forEach((p, index) => {
    const it = turn(p);
    const beside = it.across < me.across + me.span && it.across + it.span > me.across;
    const gap = it.along - (me.along + me.span);
    const far = gap * 100 + Math.abs(it.across - me.across);
    if (index !== from && beside && gap >= 0 && far < best.far) best = { index, far };
  });
  return best.index;
}

/** A window that takes more than half of the wall's width is worth the main stream. */
export const isLarge = (layout: Layout, tile: number): boolean => {
  const { side, places } = GEOMETRY[layout];
  return (places[tile]?.span ?? 0) * 2 > side;
};
