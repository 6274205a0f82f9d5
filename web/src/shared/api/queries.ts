/** Server state as query options: a page, a prefetch and a test share the same ones. */

import { queryOptions } from '@tanstack/react-query';
import { learnServerTime } from '@/shared/lib/clock';
import { parseUs } from '@/shared/lib/time';
import { call } from './http';
import type { Camera, Me, Page, Region, SystemInfo } from './types';

const PAGE_SIZE = 500;

async function all<T>(path: string, signal: AbortSignal): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await call<Page<T>>('GET', path, { query: { limit: PAGE_SIZE, cursor }, signal });
    items.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return items;
}

export const camerasQuery = () =>
  queryOptions({
    queryKey: ['cameras'],
    queryFn: ({ signal }) => all<Camera>('/cameras', signal),
    refetchInterval: 15_000,
  });

export const regionsQuery = () =>
  queryOptions({
    queryKey: ['regions'],
    queryFn: ({ signal }) => all<Region>('/regions', signal),
    staleTime: 60_000,
  });

export const systemQuery = () =>
  queryOptions({
    queryKey: ['system'],
    queryFn: async ({ signal }) => {
      const sent = Date.now();
      const info = await call<SystemInfo>('GET', '/system', { signal });
      const server = parseUs(info.time);
      if (server !== null) learnServerTime(server, sent, Date.now());
      return info;
    },
    refetchInterval: 10_000,
  });

export const meQuery = () => queryOptions({ queryKey: ['me'], queryFn: ({ signal }) => call<Me>('GET', '/me', { signal }), staleTime: 60_000 });
