/** One media WebSocket as typed callbacks. No retry here: that is the player's. */

import { parseFrame, parseMessage, type MediaFrame, type ServerMessage } from './frames';

export interface SocketHooks {
  opened?: () => void;
  message: (message: ServerMessage) => void;
  frame: (frame: MediaFrame) => void;
  closed: (code: number, reason: string) => void;
}

export class MediaSocket {
  private socket: WebSocket | null;

  constructor(url: string, hooks: SocketHooks) {
    const socket = new WebSocket(url);
    this.socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => hooks.opened?.();
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
      if (this.socket !== socket) return;
      if (typeof event.data === 'string') {
        const message = parseMessage(event.data);
        if (message) hooks.message(message);
      } else {
        const frame = parseFrame(event.data);
        if (frame) hooks.frame(frame);
      }
    };
    socket.onclose = (event) => {
      if (this.socket !== socket) return;
      this.socket = null;
      hooks.closed(event.code, event.reason);
    };
  }

  send(message: object): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** No callback comes after this. */
  close(): void {
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onmessage = null;
    socket.onclose = null;
    // Closing a socket that still connects makes browsers complain on the console; it is closed when it is there.
    if (socket.readyState === WebSocket.CONNECTING) socket.onopen = () => socket.close();
    else socket.close();
  }
}

/** What a close code means to the viewer. */
export type CloseMeaning = 'signed_out' | 'forbidden' | 'missing' | 'limit' | 'lost';

export function meaningOf(code: number): CloseMeaning {
  switch (code) {
    case 4401:
      return 'signed_out';
    case 4403:
      return 'forbidden';
    case 4404:
      return 'missing';
    case 4503:
      return 'limit';
    default:
      return 'lost';
  }
}

export function socketUrl(path: string): string {
  const url = new URL(path, location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.toString();
}
