/** How far proof has come, as query options; and the one act: read everything again. */

import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { getIntegrity, startScrub } from '@/client/sdk.gen';
import '@/shared/api/http';

const REFRESH_MS = 10_000;

export const integrityQuery = () =>
  queryOptions({
    queryKey: ['integrity'],
    queryFn: async ({ signal }) => (await getIntegrity({ signal })).data,
    refetchInterval: REFRESH_MS,
  });

export function useScrub() {
  const client = useQueryClient();
  return useMutation({ mutationFn: () => startScrub(), onSuccess: () => client.invalidateQueries({ queryKey: ['integrity'] }) });
}
