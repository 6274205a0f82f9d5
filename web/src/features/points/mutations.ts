/** What the points page changes on the node; each refreshes the list. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { createCamera, deleteCamera, probeCamera, updateCamera } from '@/client/sdk.gen';
import type { CameraIn, CameraPatch } from '@/shared/api/types';

function useRefresh() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: ['cameras'] });
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

/** Not `randomUUID`, which browsers only have in secure contexts. */
function onceKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
}
