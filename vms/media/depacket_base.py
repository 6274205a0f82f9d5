"""What all depacketisers share: `$` frames in, admitting packets, counting losses, handing out units by generation.

Not here: payload formats. A subclass takes plain packets (12-byte header, no padding) through `_payload`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from struct import Struct
from typing import Final

from vms.media.rtp import MAX_PACKET_BYTES, SequenceReorder, parse_rtp, plain_packet, seq_ahead
from vms.media.types import AccessUnit, TrackInfo

FOREIGN_LIMIT: Final = 256  # so many packets in a row from another source: the sender has changed, not an intruder
LATE_LIMIT: Final = 1024  # further behind than this is a restarted count, not a late packet
HEADER_BYTES: Final = 12
FRAME_BYTES: Final = 4  # `$`, channel, length (RFC 2326 clause 10.12)
DOLLAR: Final = 0x2400
_frame_head = Struct(">HH").unpack_from
_frame = Struct(">HH").pack


class PacketSource(ABC):
    """Order, loss and identity of one RTP stream, and the units it gave.

    Packets come by `take`, as the `$` frames of `channel`, or by `push`; units leave by `drain`. Units of different
    generations never leave together: while `more` is true, `drain` gives the next ones.
    """

    def __init__(self) -> None:
        self.info: TrackInfo | None = None
        self.generation = 0
        self.lost_packets = 0
        self.bad_packets = 0
        self.dropped_units = 0
        self.foreign_packets = 0
        self._mark = DOLLAR
        self._reorder: SequenceReorder | None = None
        self._ready: list[AccessUnit] = []
        self._held: deque[tuple[TrackInfo, list[AccessUnit]]] = deque()
        self._sink = self._ready  # what comes now goes here: the newest generation
        self._latest: TrackInfo | None = None
        self._word: int = -1  # version, flags and payload type of a plain packet without marker
        self._ssrc: int = -1
        self._expected: int = -1
        self._foreign = 0
        self._ordered = True

    def listen(self, channel: int) -> None:
        """The `$` frames of this channel are ours."""
        self._mark = DOLLAR | channel

    @property
    def more(self) -> bool:
        """Units of a newer generation wait for the next `drain`."""
        return bool(self._held)

    def drain(self) -> list[AccessUnit]:
        """The complete units since the last call, of one generation."""
        if self._held and not self._ready:
            self.info, self._ready = self._held.popleft()
            self.generation += 1
        units, self._ready = self._ready, []
        if not self._held:
            self._sink = self._ready
        return units

    def take(self, data: bytes, position: int) -> int:
        """Takes our whole `$` frames from `position` on; where the first that is not ours, or not whole, begins."""
        last = len(data) - FRAME_BYTES
        while position <= last:
            mark, size = _frame_head(data, position)
            stop = position + FRAME_BYTES + size
            if mark != self._mark or stop > len(data):
                break
            self._packet(data[position + FRAME_BYTES : stop])
            position = stop
        return position

    def push(self, packets: Sequence[bytes], *, ordered: bool = True) -> list[AccessUnit]:
        """Takes packets that came one by one, and drains."""
        if not ordered:
            packets = self._in_order(packets)
        parts: list[bytes] = []
        for packet in packets:
            if len(packet) > MAX_PACKET_BYTES:
                self.bad_packets += 1
            else:
                parts += (_frame(self._mark, len(packet)), packet)
        self.take(b"".join(parts), 0)
        return self.drain()

    def flush(self) -> list[AccessUnit]:
        """The stream has ended: what waits for order."""
        return self.push(self._reorder.flush() if self._reorder is not None else ())

    def _in_order(self, packets: Sequence[bytes]) -> Sequence[bytes]:
        self._ordered = False
        if self._reorder is None:
            self._reorder = SequenceReorder()
        return self._reorder.push(packets)

    def _renew(self, info: TrackInfo) -> None:
        """The units from here on belong to `info`."""
        self._latest = info
        if self._ready or self._held:
            self._sink = list[AccessUnit]()
            self._held.append((info, self._sink))
        else:
            self.info = info
            self.generation += 1

    def _admit(self, packet: bytes) -> bytes | None:
        """The slow way in: a plain packet that is next in order, or None. Counts what is wrong."""
        header = parse_rtp(packet)
        if header is None:
            self.bad_packets += 1
            return None
        if header.ssrc != self._ssrc or 0x8000 | header.payload_type != self._word:
            if len(packet) <= HEADER_BYTES:  # empty: nobody's stream, however many there are
                self.foreign_packets += 1
                return None
            if not self._adopt(header.ssrc, header.payload_type):
                return None
        self._foreign = 0
        seq = header.seq
        ahead = seq_ahead(seq, self._expected) if self._expected >= 0 else 0
        if -LATE_LIMIT < ahead < 0:
            self.bad_packets += 1
            return None
        if ahead:
            self.lost_packets += max(ahead, 1)
            self._hole()
        self._expected = (seq + 1) & 0xFFFF
        return plain_packet(packet, header) if packet[0] != 0x80 else packet

    def _adopt(self, ssrc: int, payload_type: int) -> bool:
        """Another SSRC or payload type: over TCP the camera restarted its encoder, over UDP it may be an intruder."""
        word = 0x8000 | payload_type
        if self._ssrc < 0:
            self._ssrc, self._word = ssrc, word
            return True
        self._foreign += 1
        limit = FOREIGN_LIMIT if not self._ordered or word != self._word else 0
        if self._foreign <= limit:
            self.foreign_packets += 1
            return False
        self._ssrc, self._word = ssrc, word
        self._expected = -1
        self._hole()
        return True

    @abstractmethod
    def _packet(self, packet: bytes) -> None:
        """One packet of our channel, whatever it holds."""

    @abstractmethod
    def _hole(self) -> None:
        """Packets are missing before the next one."""
