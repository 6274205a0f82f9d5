/** Timeline windows and calendar months of cameras as query options. */

import { queryOptions } from '@tanstack/react-query';
import { getCalendar, getTimeline, listEvents } from '@/client/sdk.gen';
import type { CameraTimeline, RecordedEvent } from '@/shared/api/types';
import { nowUs } from '@/shared/lib/clock';
import { instantUs, parseUs, SECOND_US } from '@/shared/lib/time';
import { offsetUs } from '@/shared/lib/zone';
import type { GapRun } from '@/timeline/draw';
import type { RunSpan } from '@/timeline/math';

export interface Coverage {
  recorded: RunSpan[];
  gaps: GapRun[];
  events: RunSpan[];
}

const LIVE_REFRESH_MS = 2_000;
const SETTLED_MS = 60_000;

export function coverageOf(answer: CameraTimeline, events: readonly RecordedEvent[] = []): Coverage {
  const spans = <T extends { from: string; to: string }>(list: readonly T[]) =>
    list.map((s) => ({ ...s, fromUs: parseUs(s.from) ?? 0, toUs: parseUs(s.to) ?? 0 })).filter((s) => s.toUs > s.fromUs);
  return {
    recorded: spans(answer.recorded).map(({ fromUs, toUs, kind, state, origin }) => ({ fromUs, toUs, kind: state !== 'ok' ? state : origin === 'edge' ? origin : kind })),
    events: events.map((e) => ({ fromUs: parseUs(e.from) ?? 0, toUs: parseUs(e.to) ?? 0, kind: e.reason })),
    gaps: spans(answer.gaps).map(({ fromUs, toUs, cause }) => ({ fromUs, toUs, cause, kind: cause })),
  };
}

/** One window of one camera. The window that holds the present grows, the others only change by recovery. */
export function coverageQuery(camera: string, sizeUs: number, index: number) {
  const fromUs = Math.max(0, index * sizeUs);
  const toUs = (index + 1) * sizeUs;
  return queryOptions({
    queryKey: ['timeline', camera, sizeUs, index],
    queryFn: async ({ signal }) => {
      if (fromUs >= nowUs() - SECOND_US) return { recorded: [], gaps: [], events: [] } satisfies Coverage;
      const asked = { path: { camera }, query: { from: String(fromUs), to: String(toUs) }, signal };
      const [line, events] = await Promise.all([getTimeline(asked), listEvents(asked)]);
      return coverageOf(line.data, events.data.items);
    },
    staleTime: SETTLED_MS,
    refetchInterval: () => (toUs > nowUs() - 5 * SECOND_US ? LIVE_REFRESH_MS : false),
  });
}

/** The node counts a month's days by one offset: that of its middle. */
export const calendarQuery = (camera: string, month: string) =>
  queryOptions({
    queryKey: ['calendar', camera, month],
    queryFn: async ({ signal }) => (await getCalendar({ path: { camera }, query: { month, offset_minutes: Math.round(offsetUs(instantUs(`${month}-15`)) / (60 * SECOND_US)) }, signal })).data,
    staleTime: SETTLED_MS,
  });

export const playbackPath = (camera: string, fromUs: number): string =>
  `/api/v1/cameras/${encodeURIComponent(camera)}/playback.mse?from=${Math.round(fromUs)}&profile=main`;

export const clipPath = (camera: string, fromUs: number, toUs: number, original: boolean): string =>
  `/api/v1/cameras/${encodeURIComponent(camera)}/clip.${original ? 'mov' : 'mp4'}?from=${Math.round(fromUs)}&to=${Math.round(toUs)}`;
