/** Filters of the points table, kept in the URL. Pure. */

import type { Camera, CameraState } from '@/shared/api/types';
import { STATE_TEXT } from '@/shared/lib/causes';
import { matches } from '@/shared/lib/pinyin';

export interface PointsSearch {
  q?: string;
  state?: string;
}

export const stateOf = (search: PointsSearch): CameraState | null => (search.state !== undefined && search.state in STATE_TEXT ? (search.state as CameraState) : null);

export function filtered(cameras: readonly Camera[], search: PointsSearch): Camera[] {
  const state = stateOf(search);
  return cameras.filter((c) => (state === null || c.state === state) && (matches(search.q ?? '', c.name, c.code) || c.profiles.some((p) => p.url.includes(search.q ?? ''))));
}
