"""What all depacketisers share: admitting packets, counting losses, handing out units by generation.

Not here: payload formats. A subclass takes plain packets (12-byte header, no padding) through `_payload`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from vms.media.rtp import SequenceReorder, parse_rtp, plain_packet, seq_ahead
from vms.media.types import AccessUnit, TrackInfo

FOREIGN_LIMIT: Final = 256  # so many packets in a row from another source: the sender has changed, not an intruder
LATE_LIMIT: Final = 1024  # further behind than this is a restarted count, not a late packet


class PacketSource:
    """Order, loss and identity of one RTP stream, and the units it gave.

    Units of different generations never leave in one `push`: while `more` is true, `push(())` gives the next ones.
    """

    def __init__(self) -> None:
        self.info: TrackInfo | None = None
        self.generation = 0
        self.lost_packets = 0
        self.bad_packets = 0
        self.dropped_units = 0
        self.foreign_packets = 0
        self._reorder: SequenceReorder | None = None
        self._held: deque[tuple[TrackInfo, list[AccessUnit]]] = deque()
        self._sink: list[AccessUnit] = []
        self._latest: TrackInfo | None = None
        self._word: int = -1  # version, flags and payload type of a plain packet without marker
        self._ssrc: int = -1
        self._expected: int = -1
        self._foreign = 0
        self._ordered = True

    @property
    def more(self) -> bool:
        """Units of a newer generation wait for the next push."""
        return bool(self._held)

    def _in_order(self, packets: Sequence[bytes]) -> Sequence[bytes]:
        self._ordered = False
        if self._reorder is None:
            self._reorder = SequenceReorder()
        return self._reorder.push(packets)

    def _open_batch(self) -> list[AccessUnit]:
        if self._held:
            self.info, units = self._held.popleft()
            self.generation += 1
            if not self._held:
                self._sink = units
            return units
        units = list[AccessUnit]()
        self._sink = units
        return units

    def _renew(self, info: TrackInfo) -> None:
        """The units from here on belong to `info`."""
        self._latest = info
        if self._sink or self._held:
            self._sink = []
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
        if (header.ssrc != self._ssrc or 0x8000 | header.payload_type != self._word) and not self._adopt(header.ssrc, header.payload_type):
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

    def _hole(self) -> None:
        """Packets are missing before the next one."""
        raise NotImplementedError
