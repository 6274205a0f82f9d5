/** Waiting between tries: 0.5 s doubling to 10 s, with jitter so that a wall of tiles does not come back in one blow. */

const FIRST_MS = 500;
const MOST_MS = 10_000;

export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(full * (0.75 + random() * 0.25));
}
