/** Holds: the list, and each act on one; every act refreshes the list and the timelines. */

import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import {
  approveHold,
  approveHoldExtension,
  approveHoldRelease,
  createHold,
  extendHold,
  listHolds,
  refuseHoldRelease,
  rejectHold,
  requestHoldRelease,
} from '@/client/sdk.gen';
import type { Hold, HoldIn } from '@/client/types.gen';
import '@/shared/api/http';

const PAGE_SIZE = 200;

export const holdsQuery = (state: Hold['state'] | null) =>
  queryOptions({
    queryKey: ['holds', state],
    queryFn: async ({ signal }) => (await listHolds({ query: { limit: PAGE_SIZE, ...(state ? { state } : {}) }, signal })).data.items,
    refetchInterval: 15_000,
  });

export type Act =
  | { act: 'approve' | 'approve_extension' | 'release'; hold: string }
  | { act: 'reject' | 'refuse_release'; hold: string; note: string }
  | { act: 'extend'; hold: string; expires_at: string }
  | { act: 'request_release'; hold: string; doc_no: string; reason: string };

async function run(act: Act): Promise<unknown> {
  const path = { hold: act.hold };
  switch (act.act) {
    case 'approve':
      return approveHold({ path });
    case 'approve_extension':
      return approveHoldExtension({ path });
    case 'release':
      return approveHoldRelease({ path });
    case 'reject':
      return rejectHold({ path, body: { note: act.note } });
    case 'refuse_release':
      return refuseHoldRelease({ path, body: { note: act.note } });
    case 'extend':
      return extendHold({ path, body: { expires_at: act.expires_at } });
    case 'request_release':
      return requestHoldRelease({ path, body: { doc_no: act.doc_no, reason: act.reason } });
  }
}

function useRefresh() {
  const client = useQueryClient();
  return () => Promise.all(['holds', 'timeline', 'storage'].map((key) => client.invalidateQueries({ queryKey: [key] })));
}

export function useAct() {
  const onSuccess = useRefresh();
  return useMutation({ mutationFn: run, onSuccess });
}

export function useCreateHold() {
  const onSuccess = useRefresh();
  return useMutation({ mutationFn: async (body: HoldIn) => (await createHold({ body })).data, onSuccess });
}
