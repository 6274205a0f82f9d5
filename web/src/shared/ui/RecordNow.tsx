/** 立即录像: record a camera's main stream now whatever its plan says; ends by itself after ten minutes, or when told. */

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { App, Button, Tooltip } from 'antd';
import { useTranslation } from 'react-i18next';
import { startEvent, stopEvents } from '@/client/sdk.gen';
import { onceKey } from '@/shared/api/onceKey';
import { runningEventsQuery } from '@/shared/api/queries';
import type { Camera } from '@/shared/api/types';
import { problemOfError, problemText } from '@/shared/lib/problems';
import { clockText, parseUs } from '@/shared/lib/time';

const DURATION_S = 600;
export const MANUAL = 'manual';

export function useRecordNow(camera: string) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const client = useQueryClient();
  const running = useQuery(runningEventsQuery());
  const event = running.data?.find((e) => e.camera_id === camera && e.forced && e.reason === MANUAL) ?? null;
  const settle = {
    onSuccess: () => client.invalidateQueries({ queryKey: ['events'] }),
    onError: (error: unknown) => void message.error(`${t(problemText(problemOfError(error)))} ${problemOfError(error).requestId}`),
  };
  const start = useMutation({
    mutationFn: async () => (await startEvent({ path: { camera }, body: { reason: MANUAL, duration_s: DURATION_S, forced: true }, headers: { 'idempotency-key': onceKey() } })).data,
    ...settle,
  });
  const stop = useMutation({ mutationFn: async (id: string) => (await stopEvents({ path: { camera }, body: { event: id } })).data, ...settle });
  const until = event && parseUs(event.to);
  return {
    lasts: event !== null,
    busy: start.isPending || stop.isPending,
    label: event ? t('events.stop', { at: until === null ? '' : clockText(until).slice(0, 5) }) : t('events.record_now'),
    toggle: () => (event ? stop.mutate(event.id) : start.mutate()),
  };
}

/** As an icon on a tile. */
export function RecordNowIcon({ camera }: { camera: Camera }) {
  const { lasts, busy, label, toggle } = useRecordNow(camera.id);
  return (
    <Tooltip title={label} mouseEnterDelay={0.6}>
      <Button
        type="text"
        size="small"
        className={lasts ? 'rec-now rec-lasts' : 'rec-now'}
        icon={<i className="rec-icon" />}
        aria-label={label}
        aria-pressed={lasts}
        loading={busy}
        onDoubleClick={(e) => e.stopPropagation()}
        onClick={(e) => {
          e.stopPropagation();
          toggle();
        }}
      />
    </Tooltip>
  );
}

/** As a link in a row. */
export function RecordNowLink({ camera }: { camera: Camera }) {
  const { t } = useTranslation();
  const { lasts, busy, label, toggle } = useRecordNow(camera.id);
  return (
    <Button type="link" size="small" danger={lasts} loading={busy} title={label} aria-label={`${label} ${camera.name}`} aria-pressed={lasts} onClick={toggle}>
      {lasts ? t('events.stop_short') : t('events.record_now')}
    </Button>
  );
}
