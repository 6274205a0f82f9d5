/** Undo and redo of a value: what was before, what is, what was undone. Pure. */

export interface History<T> {
  past: readonly T[];
  now: T;
  future: readonly T[];
}

const MOST = 200;

export const begin = <T>(now: T): History<T> => ({ past: [], now, future: [] });

export function change<T>(history: History<T>, now: T): History<T> {
  if (now === history.now || JSON.stringify(now) === JSON.stringify(history.now)) return history;
  return { past: [...history.past.slice(-MOST + 1), history.now], now, future: [] };
}

export function undo<T>(history: History<T>): History<T> {
  const before = history.past.at(-1);
  return before === undefined ? history : { past: history.past.slice(0, -1), now: before, future: [history.now, ...history.future] };
}

export function redo<T>(history: History<T>): History<T> {
  const [next, ...future] = history.future;
  return next === undefined ? history : { past: [...history.past, history.now], now: next, future };
}
