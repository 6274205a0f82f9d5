/** The node's facts over one WebSocket: each moves the cache, the last one's id is the cursor to come back with. */

import type { QueryClient } from '@tanstack/react-query';
import { backoffMs } from '@/player/backoff';
import { meaningOf, socketUrl } from '@/player/mediaSocket';
import { signedOut } from '@/shared/api/http';
import type { Camera, Fact } from '@/shared/api/types';
import { useConnection } from './connection';

const REFRESH_MS = 400;

type Handler = (client: QueryClient, fact: Fact) => void;

/** Fact type (its first word) → what it means to the cache. */
const HANDLERS: Record<string, Handler> = {
  camera: (client, fact) => {
    patchCamera(client, fact);
    refreshSoon(client, 'cameras');
  },
  region: (client) => refreshSoon(client, 'regions'),
  segment: (client) => refreshSoon(client, 'timeline'),
  gap: (client) => refreshSoon(client, 'timeline'),
};

const PATCHED = ['state', 'cause', 'message', 'since', 'recording', 'name', 'code'] as const;

/** Fields that the fact carries are shown at once; the list is fetched again right after. */
function patchCamera(client: QueryClient, fact: Fact): void {
  const id = fact.subject?.id;
  if (id === undefined) return;
  const known = Object.fromEntries(PATCHED.filter((key) => key in fact.data).map((key) => [key, fact.data[key]]));
  if (Object.keys(known).length === 0) return;
  client.setQueryData<Camera[]>(['cameras'], (list) => list?.map((c) => (c.id === id ? ({ ...c, ...known } as Camera) : c)));
}

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

/** One message may carry one fact or a page of them. */
export function factsOf(text: string): Fact[] {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return [];
  }
  const list = Array.isArray(raw) ? raw : isObject(raw) && Array.isArray(raw['items']) ? raw['items'] : [raw];
  return list.filter((v): v is Fact => isObject(v) && typeof v['type'] === 'string' && 'id' in v).map((f) => ({ ...f, data: isObject(f.data) ? f.data : {} }));
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
      for (const fact of factsOf(event.data)) {
        cursor = String(fact.id);
        HANDLERS[fact.type.split('.')[0] ?? '']?.(client, fact);
      }
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
