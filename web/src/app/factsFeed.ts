/** The node's facts over one WebSocket: each moves the cache, the last one's id is the cursor to come back with. */

import type { QueryClient } from '@tanstack/react-query';
import { backoffMs } from '@/player/backoff';
import { meaningOf, socketUrl } from '@/player/mediaSocket';
import { signedOut } from '@/shared/api/http';
import type { Camera, CameraState, Fact } from '@/shared/api/types';
import { STATE_TEXT } from '@/shared/lib/causes';
import { toIso } from '@/shared/lib/time';
import { useConnection } from './connection';

const REFRESH_MS = 400;

type Handler = (client: QueryClient, fact: Fact) => void;

/** Fact type (its first word) → what it means to the cache. */
const HANDLERS: Record<string, Handler> = {
  camera: (client, fact) => {
    if (fact.type === 'camera.state') patchState(client, fact);
    refreshSoon(client, 'cameras');
  },
  region: (client) => refreshSoon(client, 'regions'),
  record_plan: (client) => refreshSoon(client, 'record-plans'),
  holiday: (client) => refreshSoon(client, 'holidays'),
  event: (client) => {
    refreshSoon(client, 'events');
    refreshSoon(client, 'timeline');
  },
  recording: (client) => {
    refreshSoon(client, 'timeline');
    refreshSoon(client, 'storage');
  },
  volume: (client) => refreshSoon(client, 'storage'),
  retention: (client) => refreshSoon(client, 'storage'),
  hold: (client) => {
    refreshSoon(client, 'holds');
    refreshSoon(client, 'timeline');
  },
  segment: (client) => {
    refreshSoon(client, 'timeline');
    refreshSoon(client, 'integrity');
  },
  stamping: (client) => refreshSoon(client, 'integrity'),
  key: (client) => refreshSoon(client, 'integrity'),
  wall_view: (client) => refreshSoon(client, 'wall-views'),
  worker: (client) => refreshSoon(client, 'cameras'),
};

/** A camera's main profile says its state: shown at once, and the list is fetched again right after. */
function patchState(client: QueryClient, { subject, data }: Fact): void {
  const { state, cause, message, since_us: sinceUs, recording } = data;
  if (data['profile'] !== 'main' || !isState(state)) return;
  const patch: Partial<Camera> = {
    state,
    cause: typeof cause === 'string' && cause !== '' ? cause : null,
    message: typeof message === 'string' && message !== '' ? message : null,
    ...(typeof sinceUs === 'number' ? { since: toIso(sinceUs) } : {}),
    ...(typeof recording === 'boolean' ? { recording } : {}),
  };
  client.setQueryData<Camera[]>(['cameras'], (list) => list?.map((c) => (c.id === subject.id ? { ...c, ...patch } : c)));
}

const isState = (v: unknown): v is CameraState => typeof v === 'string' && v in STATE_TEXT;

const due = new Map<string, ReturnType<typeof setTimeout>>();

function refreshSoon(client: QueryClient, key: string): void {
  if (due.has(key)) return;
  due.set(
    key,
    setTimeout(() => {
      due.delete(key);
      void client.invalidateQueries({ queryKey: [key] });
    }, REFRESH_MS),
  );
}

/** One fact per message; null for what is not one. */
export function factOf(text: string): Fact | null {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(raw) || typeof raw['id'] !== 'string' || typeof raw['type'] !== 'string' || !isObject(raw['subject']) || !isObject(raw['data'])) return null;
  return raw as unknown as Fact;
}

const isObject = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v);

export function followFacts(client: QueryClient): () => void {
  let socket: WebSocket | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let attempt = 0;
  let cursor: string | null = null;
  let stopped = false;

  const connect = () => {
    socket = new WebSocket(socketUrl(`/api/v1/facts/stream${cursor === null ? '' : `?after=${encodeURIComponent(cursor)}`}`));
    socket.onopen = () => {
      attempt = 0;
      useConnection.getState().back();
      // What happened while nobody listened is not in the feed when there was no cursor yet.
      refreshSoon(client, 'cameras');
      refreshSoon(client, 'system');
    };
    socket.onmessage = (event: MessageEvent<unknown>) => {
      if (typeof event.data !== 'string') return;
      const fact = factOf(event.data);
      if (!fact) return;
      cursor = fact.id;
      HANDLERS[fact.type.split('.')[0] ?? '']?.(client, fact);
    };
    socket.onclose = (event) => {
      if (stopped) return;
      if (meaningOf(event.code) === 'signed_out') {
        signedOut();
        return;
      }
      if (meaningOf(event.code) === 'lost' && attempt > 0) useConnection.getState().lost();
      timer = setTimeout(connect, backoffMs(attempt++));
    };
  };
  connect();
  return () => {
    stopped = true;
    clearTimeout(timer);
    if (socket) socket.onclose = null;
    socket?.close();
  };
}
