import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { WhepView } from '@/player/whep';

/** As much of a connection as a view touches. */
class Connection {
  static last: Connection;
  connectionState = 'new';
  localDescription: { sdp: string } | null = null;
  answer: unknown = null;
  closed = false;
  kinds: string[] = [];
  ontrack: unknown = null;
  onconnectionstatechange: (() => void) | null = null;

  constructor(readonly configuration: RTCConfiguration) {
    Connection.last = this;
  }

  addTransceiver(kind: string): void {
    this.kinds.push(kind);
  }

  setLocalDescription(): Promise<void> {
    this.localDescription = { sdp: 'offer' };
    return Promise.resolve();
  }

  setRemoteDescription(answer: unknown): Promise<void> {
    this.answer = answer;
    return Promise.resolve();
  }

  close(): void {
    this.closed = true;
  }

  become(state: string): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
}

const asked: [string, RequestInit][] = [];
let reply: () => Promise<Response>;

beforeEach(() => {
  asked.length = 0;
  reply = () => Promise.resolve(new Response('answer', { status: 201, headers: { Location: '/whep/secret' } }));
  vi.stubGlobal('RTCPeerConnection', Connection);
  vi.stubGlobal('MediaStream', vi.fn());
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    asked.push([url, init]);
    return init.method === 'POST' ? reply() : Promise.resolve(new Response(null, { status: 200 }));
  });
});

afterEach(() => vi.unstubAllGlobals());

const opened = () => {
  const hooks = { stream: vi.fn(), ended: vi.fn() };
  return { hooks, view: new WhepView('/cameras/1/whep', hooks) };
};

test('an offer without STUN is answered and the stream handed over', async () => {
  const { hooks } = opened();
  await vi.waitFor(() => expect(hooks.stream).toHaveBeenCalledOnce());
  expect(Connection.last.configuration).toEqual({ iceServers: [] });
  expect(Connection.last.kinds).toEqual(['video', 'audio']);
  expect(Connection.last.answer).toEqual({ type: 'answer', sdp: 'answer' });
  expect(asked[0]?.[1]).toMatchObject({ body: 'offer', headers: { 'Content-Type': 'application/sdp', 'X-VMS-CSRF': '1' } });
});

test('a closed view ends its session and says nothing more', async () => {
  const { hooks, view } = opened();
  await vi.waitFor(() => expect(hooks.stream).toHaveBeenCalledOnce());
  view.close();
  Connection.last.become('closed');
  expect(asked[1]).toMatchObject(['/whep/secret', { method: 'DELETE' }]);
  expect(hooks.ended).not.toHaveBeenCalled();
});

test('a view that is closed while the node answers leaves no session behind', async () => {
  let answer: (response: Response) => void = () => undefined;
  reply = () => new Promise((resolve) => (answer = resolve));
  const { hooks, view } = opened();
  await vi.waitFor(() => expect(asked).toHaveLength(1));
  view.close();
  answer(new Response('answer', { status: 201, headers: { Location: '/whep/secret' } }));
  await vi.waitFor(() => expect(asked[1]).toMatchObject(['/whep/secret', { method: 'DELETE' }]));
  expect(hooks.stream).not.toHaveBeenCalled();
});

test('a refusal comes with its code and reason', async () => {
  const body = JSON.stringify({ code: 'not_acceptable', params: { reason: 'b_frames' } });
  reply = () => Promise.resolve(new Response(body, { status: 406 }));
  const { hooks } = opened();
  await vi.waitFor(() => expect(hooks.ended).toHaveBeenCalledOnce());
  expect(hooks.ended.mock.calls[0]?.[0]).toMatchObject({ code: 'not_acceptable', params: { reason: 'b_frames' } });
  expect(Connection.last.closed).toBe(true);
});

test('a lost connection ends the view once, and its session', async () => {
  const { hooks } = opened();
  await vi.waitFor(() => expect(hooks.stream).toHaveBeenCalledOnce());
  Connection.last.become('failed');
  Connection.last.become('closed');
  expect(hooks.ended).toHaveBeenCalledExactlyOnceWith(null);
  expect(asked[1]).toMatchObject(['/whep/secret', { method: 'DELETE' }]);
});

test('a node that is not reached is a problem of its own', async () => {
  reply = () => Promise.reject(new TypeError('Failed to fetch'));
  const { hooks } = opened();
  await vi.waitFor(() => expect(hooks.ended).toHaveBeenCalledOnce());
  expect(hooks.ended.mock.calls[0]?.[0]).toMatchObject({ code: 'offline_browser' });
});
