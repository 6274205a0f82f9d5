"""Two ends of an RTSP connection joined in memory, and a small camera behind the server's end."""

from __future__ import annotations

from vms.rtsp.client import ClientConfig, ClientConnection
from vms.rtsp.client import Event as ClientEvent
from vms.rtsp.server import Described, Played, RtpInfo, ServerConfig, ServerConnection, SetupAsked
from vms.rtsp.server import Event as ServerEvent

URL = "rtsp://192.0.2.1:554/cam/1/main"
SDP = (
    "v=0\r\no=- 0 0 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\na=control:*\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:trackID=1\r\n"
    "m=audio 0 RTP/AVP 8\r\na=control:trackID=2\r\n"
)


class Pair:
    """`step` bytes at a time pass between the ends; the camera describes one path and plays what was set up."""

    def __init__(self, client: ClientConfig, server: ServerConfig, *, step: int = 0, sdp: str = SDP) -> None:
        self.client = ClientConnection(client)
        self.server = ServerConnection(server)
        self.client_events: list[ClientEvent] = []
        self.server_events: list[ServerEvent] = []
        self.now_us = 0
        self._step = step
        self._sdp = sdp

    def run(self) -> None:
        """Pass bytes until both ends are silent."""
        while True:
            asked, answered = self.client.take_output(), self.server.take_output()
            if not asked and not answered:
                return
            for piece in self._pieces(asked):
                self._serve(self.server.receive(piece, self.now_us))
            for piece in self._pieces(answered):
                self.client_events += self.client.receive(piece, self.now_us)

    def start(self) -> None:
        self.client.start(self.now_us)
        self.run()

    def _serve(self, events: list[ServerEvent]) -> None:
        for event in events:
            self.server_events.append(event)
            match event:
                case Described(path="/cam/1/main"):
                    self._serve(self.server.describe(self._sdp))
                case Described():
                    self._serve(self.server.refuse(404))
                case SetupAsked(transport=transport):
                    self._serve(self.server.accept_setup((7000, 7001) if transport.protocol == "udp" else None))
                case Played(tracks=tracks):
                    self._serve(self.server.play([RtpInfo(t, 100 * t, 9000 * t) for t in tracks]))
                case _:
                    pass

    def _pieces(self, data: bytes) -> list[bytes]:
        step = self._step or max(len(data), 1)
        return [data[at : at + step] for at in range(0, len(data), step)]
