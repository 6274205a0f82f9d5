/** Time ↔ x, the zoom ladder, tick and label choice, run merging. Pure; times in µs UTC. */

export interface View {
  fromUs: number;
  toUs: number;
}

const S = 1_000_000;
/** Zoom steps: 30 d, 7 d, 24 h, 8 h, 2 h, 30 min, 10 min, 2 min, 30 s, 10 s. */
export const LADDER_US = [30 * 86_400, 7 * 86_400, 86_400, 8 * 3600, 2 * 3600, 1800, 600, 120, 30, 10].map((s) => s * S);

export const spanOf = (view: View): number => view.toUs - view.fromUs;
export const timeToX = (view: View, width: number, us: number): number => ((us - view.fromUs) / spanOf(view)) * width;
export const xToTime = (view: View, width: number, x: number): number => view.fromUs + (x / width) * spanOf(view);

export const viewAround = (centerUs: number, spanUs: number): View => ({ fromUs: centerUs - spanUs / 2, toUs: centerUs + spanUs / 2 });

/** Nearest step of the ladder to a span. */
export function rungOf(spanUs: number): number {
  let best = 0;
  for (let i = 1; i < LADDER_US.length; i++) {
    if (Math.abs(Math.log(LADDER_US[i]! / spanUs)) < Math.abs(Math.log(LADDER_US[best]! / spanUs))) best = i;
  }
  return best;
}

/** One step in (+1) or out (−1); the time under the cursor stays under the cursor. */
export function zoom(view: View, aboutUs: number, by: 1 | -1): View {
  const rung = Math.min(LADDER_US.length - 1, Math.max(0, rungOf(spanOf(view)) + by));
  const span = LADDER_US[rung]!;
  const share = (aboutUs - view.fromUs) / spanOf(view);
  return { fromUs: aboutUs - share * span, toUs: aboutUs + (1 - share) * span };
}

export function pan(view: View, byUs: number): View {
  return { fromUs: view.fromUs + byUs, toUs: view.toUs + byUs };
}

/** The future is not a place to be: at most a quarter of the view lies there. */
export function clampView(view: View, nowUs: number): View {
  const most = nowUs + spanOf(view) / 4;
  return view.toUs > most ? pan(view, most - view.toUs) : view;
}

/** Moves the view only when the time left it, as little as needed; a playing head turns pages. */
export function keepInView(view: View, us: number): View {
  if (us >= view.fromUs && us <= view.toUs) return view;
  return pan(view, us - (view.fromUs + spanOf(view) * 0.1));
}

const STEPS_US = [0.04, 0.2, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600, 2_419_200].map((s) => s * S);

export interface Tick {
  us: number;
  major: boolean;
}

/** Ticks at round times of a wall clock that is `offsetUs` from UTC; majors are at least `minPx` apart, so that labels never overlap. */
export function ticks(view: View, width: number, offsetUs: (us: number) => number, minPx = 84): { majorUs: number; ticks: Tick[] } {
  const perPx = spanOf(view) / width;
  const major = STEPS_US.find((s) => s >= S && s / perPx >= minPx) ?? STEPS_US[STEPS_US.length - 1]!;
  const minor = STEPS_US.find((s) => s / perPx >= 7 && major % s === 0) ?? major;
  const out: Tick[] = [];
  const firstUs = offsetUs(view.fromUs);
  for (let i = Math.ceil((view.fromUs + firstUs) / minor); ; i++) {
    const local = i * minor;
    const us = local - offsetUs(local - firstUs);
    if (us > view.toUs) break;
    out.push({ us, major: local % major === 0 });
  }
  return { majorUs: major, ticks: out };
}

export interface RunSpan {
  fromUs: number;
  toUs: number;
  kind: string;
}

/** Joins neighbours of one kind; the input is sorted. `slackUs` swallows what is thinner than a pixel. */
export function mergeRuns<T extends RunSpan>(runs: readonly T[], slackUs = 0): T[] {
  const out: T[] = [];
  for (const run of runs) {
    const last = out[out.length - 1];
    if (last && last.kind === run.kind && run.fromUs - last.toUs <= slackUs) {
      if (run.toUs > last.toUs) out[out.length - 1] = { ...last, toUs: run.toUs };
    } else out.push(run);
  }
  return out;
}

/** Power-of-two windows to fetch for a view, so that panning and the neighbours hit the same cache lines. */
export function windowsFor(view: View): { sizeUs: number; indexes: number[] } {
  const sizeUs = 2 ** Math.ceil(Math.log2(Math.max(60, spanOf(view) / S))) * S;
  const first = Math.floor(view.fromUs / sizeUs);
  const last = Math.floor(view.toUs / sizeUs);
  return { sizeUs, indexes: Array.from({ length: last - first + 1 }, (_, i) => first + i) };
}
