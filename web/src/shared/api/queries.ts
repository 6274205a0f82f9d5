/** Server state as query options: a page, a prefetch and a test share the same ones. */

import { queryOptions } from '@tanstack/react-query';
import { getMe, getSystem, listCameras, listHolidays, listRecordPlans, listRegions, listRunningEvents } from '@/client/sdk.gen';
import { learnServerTime } from '@/shared/lib/clock';
import { parseUs } from '@/shared/lib/time';
import { setZone } from '@/shared/lib/zone';
import './http';

const PAGE_SIZE = 500;

interface Page<T> {
  items: T[];
  next: string | null;
}

async function all<T>(read: (cursor: string | undefined) => Promise<{ data: Page<T> }>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const { data } = await read(cursor);
    items.push(...data.items);
    cursor = data.next ?? undefined;
  } while (cursor !== undefined);
  return items;
}

export const camerasQuery = () =>
  queryOptions({
    queryKey: ['cameras'],
    queryFn: ({ signal }) => all((cursor) => listCameras({ query: { limit: PAGE_SIZE, ...(cursor ? { cursor } : {}) }, signal })),
    refetchInterval: 15_000,
  });

export const regionsQuery = () =>
  queryOptions({
    queryKey: ['regions'],
    queryFn: ({ signal }) => all((cursor) => listRegions({ query: { limit: PAGE_SIZE, ...(cursor ? { cursor } : {}) }, signal })),
    staleTime: 60_000,
  });

export const plansQuery = () =>
  queryOptions({
    queryKey: ['record-plans'],
    queryFn: ({ signal }) => all((cursor) => listRecordPlans({ query: { limit: PAGE_SIZE, ...(cursor ? { cursor } : {}) }, signal })),
    staleTime: 60_000,
  });

export const holidaysQuery = () =>
  queryOptions({ queryKey: ['holidays'], queryFn: async ({ signal }) => (await listHolidays({ signal })).data.items, staleTime: 60_000 });

/** What lasts now, at any camera. */
export const runningEventsQuery = () =>
  queryOptions({ queryKey: ['events', 'running'], queryFn: async ({ signal }) => (await listRunningEvents({ signal })).data.items, refetchInterval: 15_000 });

export const systemQuery = () =>
  queryOptions({
    queryKey: ['system'],
    queryFn: async ({ signal }) => {
      const sent = Date.now();
      const { data } = await getSystem({ signal });
      const server = parseUs(data.time);
      setZone(data.time_zone);
      if (server !== null) learnServerTime(server, sent, Date.now());
      return data;
    },
    refetchInterval: 10_000,
  });

export const meQuery = () => queryOptions({ queryKey: ['me'], queryFn: async ({ signal }) => (await getMe({ signal })).data, staleTime: 60_000 });
