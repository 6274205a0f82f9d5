/** Saved views of the node: read, saved, changed, removed. */

import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { deleteWallView, listWallViews, saveWallView, updateWallView } from '@/client/sdk.gen';
import type { WallViewIn } from '@/shared/api/types';

export const viewsQuery = () => queryOptions({ queryKey: ['wall-views'], queryFn: async ({ signal }) => (await listWallViews({ signal })).data.items, staleTime: 60_000 });

export function useSaveView() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ id, body }: { id: string | null; body: WallViewIn }) => {
      if (id === null) return (await saveWallView({ body })).data;
      const { name, layout, cameras, dwell_s, shared } = body;
      return (await updateWallView({ path: { view: id }, body: { name, layout, cameras, dwell_s: dwell_s ?? null, shared: shared ?? false } })).data;
    },
    onSuccess: () => client.invalidateQueries({ queryKey: ['wall-views'] }),
  });
}

export function useDeleteView() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (id: string) => (await deleteWallView({ path: { view: id } })).data,
    onSuccess: () => client.invalidateQueries({ queryKey: ['wall-views'] }),
  });
}
