/** A month of kept figures, a page of cameras after the other; the open day changes every quarter of an hour. */

import { infiniteQueryOptions } from '@tanstack/react-query';
import { listCompleteness } from '@/client/sdk.gen';

const PAGE_SIZE = 200;
const SETTLED_MS = 30_000;
const WORKING_MS = 2_000;

export interface Wanted {
  from: string;
  to: string;
  region: string | null;
  cause: string | null;
  order: 'worst' | 'name';
}

export const completenessQuery = (wanted: Wanted) =>
  infiniteQueryOptions({
    queryKey: ['completeness', wanted],
    queryFn: async ({ pageParam, signal }) => {
      const { from, to, region, cause, order } = wanted;
      const filters = { ...(region === null ? {} : { region_id: region }), ...(cause === null ? {} : { cause }), ...(pageParam === null ? {} : { cursor: pageParam }) };
      return (await listCompleteness({ query: { from, to, order, limit: PAGE_SIZE, ...filters }, signal })).data;
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    refetchInterval: (query) => ((query.state.data?.pages[0]?.job.waiting ?? 0) > 0 ? WORKING_MS : SETTLED_MS),
  });

export function statementPath(wanted: Wanted, format: 'zip' | 'csv' | 'html', language: 'zh' | 'en'): string {
  const query = new URLSearchParams({ from: wanted.from, to: wanted.to, format, language });
  if (wanted.region !== null) query.set('region_id', wanted.region);
  return `/api/v1/completeness/statement?${query.toString()}`;
}
