/** What the URL of a playback holds. Pure. */

export const SPEEDS = [0.5, 1, 2, 4, 8] as const;
export const MOST_CAMERAS = 4;

export interface PlaybackSearch {
  cams?: string;
  /** µs UTC */
  t?: string;
}

export const camerasOf = (search: PlaybackSearch): string[] => (search.cams ?? '').split(',').filter(Boolean).slice(0, MOST_CAMERAS);

export function timeOf(search: PlaybackSearch): number | null {
  const t = Number(search.t);
  return search.t !== undefined && Number.isSafeInteger(t) && t > 0 ? t : null;
}

/** A chosen camera: into the step when there is room, out of it when it was in. */
export function toggled(cams: readonly string[], id: string): string[] {
  if (cams.includes(id)) return cams.filter((c) => c !== id);
  return cams.length < MOST_CAMERAS ? [...cams, id] : [...cams.slice(0, MOST_CAMERAS - 1), id];
}

export function nextSpeed(speed: number, by: 1 | -1): number {
  const at = SPEEDS.findIndex((s) => s === speed);
  return SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, at + by))] ?? 1;
}
