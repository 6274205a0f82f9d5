/** One live view by WebRTC (WHEP): offer, answer, end. No retry here: that is the player's. */

import { problemFrom, type Problem } from '@/shared/api/http';

export interface WhepHooks {
  /** Pictures and sound, as soon as the answer is there. */
  stream: (stream: MediaStream) => void;
  /** The node refused, or the connection was lost; null when it just ended. Nothing comes after this. */
  ended: (problem: Problem | null) => void;
}

const HEADERS = { 'X-VMS-CSRF': '1' };

export class WhepView {
  private connection: RTCPeerConnection | null;
  private session: string | null = null;

  constructor(
    private readonly url: string,
    private readonly hooks: WhepHooks,
  ) {
    this.connection = new RTCPeerConnection({ iceServers: [] });
    void this.open(this.connection);
  }

  /** No callback comes after this. */
  close(): void {
    this.connection?.close();
    this.connection = null;
    if (this.session) void fetch(this.session, { method: 'DELETE', headers: HEADERS, keepalive: true }).catch(() => undefined);
    this.session = null;
  }

  private async open(connection: RTCPeerConnection): Promise<void> {
    const stream = new MediaStream();
    for (const kind of ['video', 'audio']) connection.addTransceiver(kind, { direction: 'recvonly' });
    connection.ontrack = (event) => stream.addTrack(event.track);
    connection.onconnectionstatechange = () => {
      if (['failed', 'closed', 'disconnected'].includes(connection.connectionState)) this.end(connection, null);
    };
    try {
      await connection.setLocalDescription();
      const answer = await this.post(connection.localDescription?.sdp ?? '');
      if (answer.status !== 201) {
        const body: unknown = await answer.json().catch(() => null);
        this.end(connection, problemFrom(body, answer));
        return;
      }
      this.session = answer.headers.get('location');
      if (this.connection !== connection) {
        this.close(); // closed while the node answered: it has a session for nobody
        return;
      }
      await connection.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
      this.hooks.stream(stream);
    } catch {
      this.end(connection, problemFrom(null, undefined));
    }
  }

  private post(sdp: string): Promise<Response> {
    return fetch(this.url, { method: 'POST', body: sdp, headers: { ...HEADERS, 'Content-Type': 'application/sdp' } });
  }

  private end(connection: RTCPeerConnection, problem: Problem | null): void {
    if (this.connection !== connection) return;
    this.close();
    this.hooks.ended(problem);
  }
}
