"""A live stream as RTP, packetised once for all who pull it: numbering, timing and sender reports of its tracks.

In: packets of chunks in the order they were published, across runs; what newcomers need of the last GOPs.
Not here: sessions and sockets (api.front.restream), payload formats (media.packetise), SDP (live.description).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from struct import Struct

from vms.media.boxes import samples_of
from vms.media.entryinfo import decoder_sets
from vms.media.packetise import G711_BYTES, aac_hbr, g711, picture
from vms.media.types import VIDEO_TRACK, Chunk, Codec, TrackInfo
from vms.stream.stream import Begin, Item, Stream
from vms.webrtc.rtcp import sender_report

PAYLOAD_TYPES = {Codec.H264: 96, Codec.H265: 96, Codec.AAC: 97, Codec.OPUS: 98, Codec.PCMU: 0, Codec.PCMA: 8}
CNAME = "vms"
KEPT_GOPS = 3  # a reader lags 2 s at most before it is given a new GOP
KEPT_CHUNKS = 4_000
_MARKER = 0x80
_header = Struct(">BBHII").pack  # RFC 3550 §5.1
_frame = Struct(">BBH").pack  # RFC 2326 §10.12


class Packets:
    """The RTP packets of one chunk; `first_seq` and `rtp_time` are those of the first. As `$` frames joined once per channel."""

    __slots__ = ("_framed", "first_seq", "packets", "rtp_time")

    def __init__(self, packets: Sequence[bytes], first_seq: int, rtp_time: int) -> None:
        self.packets = packets
        self.first_seq = first_seq
        self.rtp_time = rtp_time
        self._framed: dict[int, bytes] = {}

    def framed(self, channel: int) -> bytes:
        framed = self._framed.get(channel)
        if framed is None:
            parts = [part for packet in self.packets for part in (_frame(0x24, channel, len(packet)), packet)]
            framed = self._framed[channel] = b"".join(parts)
        return framed


class RtpTrack:
    """One track's RTP stream: it goes on when a new run begins, in wall time."""

    def __init__(self, info: TrackInfo) -> None:
        self.info = info
        self.ssrc = secrets.randbits(32)
        self.seq = secrets.randbits(16)
        self._offset = secrets.randbits(32)
        self._sets = decoder_sets(info)
        self._anchor: tuple[int, int] | None = None  # wall time (µs) and RTP time of one frame
        self._new_run = True
        self._packets = self._octets = 0

    def begin(self, info: TrackInfo) -> None:
        """A new run of the same codec: its media time begins anew."""
        self.info, self._sets, self._new_run = info, decoder_sets(info), True

    def packetise(self, chunk: Chunk) -> Packets:
        """All frames of a chunk. Raises VmsError when it is no chunk of ours."""
        frames = list(samples_of(chunk.data))
        first = frames[0][0] + frames[0][1].cts
        if self._new_run:
            self._new_run = False
            if self._anchor is not None:
                self._offset = self.rtp_time_at(chunk.wall_us) - first
        first_seq, packets, first_time = self.seq, list[bytes](), self._offset + first & 0xFFFFFFFF
        self._anchor = chunk.wall_us, first_time
        for dts, sample in frames:
            data = chunk.data[sample.offset : sample.offset + sample.size]
            for payload, shift, last in self._payloads(data, key=sample.key and chunk.track == VIDEO_TRACK):
                packets.append(self._packet(payload, self._offset + dts + sample.cts + shift, last=last))
        self._packets += len(packets)
        self._octets += sum(map(len, packets)) - 12 * len(packets)
        return Packets(packets, first_seq, first_time)

    def rtp_time_at(self, wall_us: int) -> int:
        """Where the node's clock stands in RTP time."""
        anchor_us, rtp_time = self._anchor or (wall_us, self._offset)
        return rtp_time + (wall_us - anchor_us) * self.info.timescale // 1_000_000 & 0xFFFFFFFF

    def report(self, wall_us: int) -> bytes:
        """RTCP sender report and CNAME of now."""
        counts = self._packets & 0xFFFFFFFF, self._octets & 0xFFFFFFFF
        return sender_report(self.ssrc, (wall_us, self.rtp_time_at(wall_us)), counts, CNAME)

    def _payloads(self, data: bytes, *, key: bool) -> Iterator[tuple[bytes, int, bool]]:
        """Payloads of a frame, how far each lies behind its time, whether it is the frame's last."""
        codec = self.info.codec
        if codec in (Codec.H264, Codec.H265):
            payloads = picture(codec, data, self._sets if key else ())
            final = len(payloads) - 1
            yield from ((payload, 0, number == final) for number, payload in enumerate(payloads))
        elif codec is Codec.AAC:
            yield aac_hbr(data), 0, True
        else:
            pieces = g711(data) if codec in (Codec.PCMA, Codec.PCMU) else [data]
            yield from ((piece, number * G711_BYTES, False) for number, piece in enumerate(pieces))

    def _packet(self, payload: bytes, rtp_time: int, *, last: bool) -> bytes:
        seq, self.seq = self.seq, self.seq + 1 & 0xFFFF
        kind = PAYLOAD_TYPES[self.info.codec] | (_MARKER if last else 0)
        return _header(0x80, kind, seq, rtp_time & 0xFFFFFFFF, self.ssrc) + payload


class RtpStream:
    """A subscriber of a Stream that packetises what is published, while anybody pulls it by RTSP.

    `begun` is called when the tracks are known, `changed` when they are no longer those that were: who pulls must describe again.
    """

    def __init__(self, begun: Callable[[], None], changed: Callable[[], None]) -> None:
        self.tracks: dict[int, RtpTrack] = {}
        self._begun = begun
        self._changed = changed
        self._kept: dict[tuple[int, int, int], Packets] = {}
        self._keys: list[int] = []  # how many were kept when each of the last GOPs began

    def put(self, item: Item, now_us: int) -> None:
        if isinstance(item, Chunk):
            track = self.tracks.get(item.track)
            if track is not None:
                self._forget(item)
                self._kept[_key(item)] = track.packetise(item)
        elif isinstance(item, Begin):
            self._begin(item)

    def packets(self, chunk: Chunk) -> Packets | None:
        """Of a chunk that was published lately; None when it is forgotten."""
        return self._kept.get(_key(chunk))

    def first(self, stream: Stream) -> dict[int, Packets]:
        """What a newcomer is sent first of each track, as far as it is there."""
        found: dict[int, Packets] = {}
        for chunk in stream.gop:
            if chunk.track not in found and (packets := self.packets(chunk)) is not None:
                found[chunk.track] = packets
        return found

    def _begin(self, begin: Begin) -> None:
        infos = {init.info.track: init.info for init in begin.inits}
        known = {number: track.info.codec for number, track in self.tracks.items()}
        if {number: info.codec for number, info in infos.items()} == known:
            for number, info in infos.items():
                self.tracks[number].begin(info)
            return
        self.tracks = {number: RtpTrack(info) for number, info in sorted(infos.items())}
        self._kept.clear()
        self._keys.clear()
        self._begun()
        if known:
            self._changed()

    def _forget(self, chunk: Chunk) -> None:
        if chunk.key:
            self._keys.append(len(self._kept))
        if len(self._keys) > KEPT_GOPS or len(self._kept) > KEPT_CHUNKS:
            gone = self._keys[1] if len(self._keys) > 1 else len(self._kept)
            for key in list(self._kept)[:gone]:
                del self._kept[key]
            self._keys = [count - gone for count in self._keys[1:]]


def _key(chunk: Chunk) -> tuple[int, int, int]:
    return chunk.track, chunk.seq, chunk.wall_us
