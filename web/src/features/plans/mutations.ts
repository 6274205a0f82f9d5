/** What the plans page changes on the node; each refreshes what shows it. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { createRecordPlan, deleteHoliday, deleteRecordPlan, putHoliday, updateRecordPlan } from '@/client/sdk.gen';
import { onceKey } from '@/shared/api/onceKey';
import type { Holiday, RecordPlanIn } from '@/shared/api/types';

function useRefresh(key: string) {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: [key] });
}

export function useSavePlan() {
  const onSuccess = useRefresh('record-plans');
  return useMutation({
    mutationFn: async ({ id, body }: { id: string | null; body: RecordPlanIn }) => {
      if (id === null) return (await createRecordPlan({ body, headers: { 'idempotency-key': onceKey() } })).data;
      return (await updateRecordPlan({ path: { plan: id }, body: { name: body.name, main: body.main, sub: body.sub ?? null, pre_s: body.pre_s ?? null, post_s: body.post_s ?? null } })).data;
    },
    onSuccess,
  });
}

export function useDeletePlan() {
  const onSuccess = useRefresh('record-plans');
  return useMutation({ mutationFn: async (id: string) => (await deleteRecordPlan({ path: { plan: id } })).data, onSuccess });
}

export function usePutHolidays() {
  const onSuccess = useRefresh('holidays');
  return useMutation({
    mutationFn: async (days: readonly Holiday[]) => {
      for (const { date, name, follows } of days) await putHoliday({ path: { date }, body: { name, follows } });
    },
    onSuccess,
  });
}

export function useDeleteHoliday() {
  const onSuccess = useRefresh('holidays');
  return useMutation({ mutationFn: async (date: string) => (await deleteHoliday({ path: { date } })).data, onSuccess });
}
