/** 轮巡: how long the shown page still stays. Pure; told the time by whoever has a clock. */

export interface Tour {
  leftMs: number;
  /** The next page gets ready now. */
  ready: boolean;
  /** The page is to be turned. */
  turn: boolean;
}

/** The next page's pictures are begun so long before they are shown; of a short stay half of it. */
const READY_MS = 3_000;

export const leadMs = (dwellMs: number): number => Math.min(READY_MS, dwellMs / 2);

export const begun = (dwellMs: number): Tour => ({ leftMs: dwellMs, ready: false, turn: false });

/** `passedMs` later. What is held stays as it is: nobody is hurried when he goes on, and what was made ready stays so. */
export function later(tour: Tour, passedMs: number, dwellMs: number, held: boolean): Tour {
  if (held) return tour;
  const leftMs = Math.max(0, tour.leftMs - passedMs);
  return { leftMs, ready: leftMs <= leadMs(dwellMs), turn: leftMs === 0 };
}
