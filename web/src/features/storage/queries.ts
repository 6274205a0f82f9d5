/** What is kept, as the storage page reads it. */

import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { listStorageCameras, listStorageDeletions, listStorageRules, listStorageVolumes, setStorageRule } from '@/client/sdk.gen';
import type { SetStorageRuleData, StorageCamera } from '@/client/types.gen';
import '@/shared/api/http';

const LATELY = 50;
const PAGE_SIZE = 500;

export const volumesQuery = () =>
  queryOptions({ queryKey: ['storage', 'volumes'], queryFn: async ({ signal }) => (await listStorageVolumes({ signal })).data.items, refetchInterval: 5_000 });

export const keptQuery = () =>
  queryOptions({
    queryKey: ['storage', 'cameras'],
    queryFn: async ({ signal }) => {
      const items: StorageCamera[] = [];
      let cursor: string | undefined;
      do {
        const { data } = await listStorageCameras({ query: { limit: PAGE_SIZE, ...(cursor ? { cursor } : {}) }, signal });
        items.push(...data.items);
        cursor = data.next ?? undefined;
      } while (cursor !== undefined);
      return items;
    },
    refetchInterval: 30_000,
  });

export const rulesQuery = () => queryOptions({ queryKey: ['storage', 'rules'], queryFn: async ({ signal }) => (await listStorageRules({ signal })).data.items });

export const deletionsQuery = () =>
  queryOptions({ queryKey: ['storage', 'deletions'], queryFn: async ({ signal }) => (await listStorageDeletions({ query: { limit: LATELY }, signal })).data.items, refetchInterval: 15_000 });

export function useSetRule() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (rule: Pick<SetStorageRuleData, 'path' | 'body'>) => (await setStorageRule(rule)).data,
    onSuccess: () => client.invalidateQueries({ queryKey: ['storage'] }),
  });
}
