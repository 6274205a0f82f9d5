/** What the points page changes on the node; each refreshes the list. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { createCamera, deleteCamera, probeCamera, updateCamera } from '@/client/sdk.gen';
import { onceKey } from '@/shared/api/onceKey';
import type { CameraIn, CameraPatch } from '@/shared/api/types';

function useRefresh() {
  const client = useQueryClient();
  return () => Promise.all([client.invalidateQueries({ queryKey: ['cameras'] }), client.invalidateQueries({ queryKey: ['record-plans'] })]);
}

export function useSavePoint() {
  const onSuccess = useRefresh();
  return useMutation({
    mutationFn: async (save: { id: null; body: CameraIn } | { id: string; body: CameraPatch }) => {
      if (save.id === null) return (await createCamera({ body: save.body, headers: { 'idempotency-key': onceKey() } })).data;
      return (await updateCamera({ path: { camera: save.id }, body: save.body })).data;
    },
    onSuccess,
  });
}

export function useDeletePoint() {
  const onSuccess = useRefresh();
  return useMutation({ mutationFn: async (id: string) => (await deleteCamera({ path: { camera: id } })).data, onSuccess });
}

export function useProbe() {
  return useMutation({
    mutationFn: async (body: Parameters<typeof probeCamera>[0]['body']) => (await probeCamera({ body })).data,
  });
}
