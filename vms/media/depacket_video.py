"""Access units out of RTP payloads: what H.264 and H.265 share.

In: the fragment loop, access-unit boundaries with honest, missing and lying marker bits, drop to the next key frame.
Not here: the payload headers (depacket_h264, depacket_h265). Cost matters here: nothing per packet that can be per frame.
"""

from __future__ import annotations

from abc import abstractmethod
from struct import Struct
from typing import Final

from vms.base.errors import VmsError
from vms.media.depacket_base import FRAME_BYTES, PacketSource
from vms.media.nal import MAX_NAL_BYTES, START_CODE, split_annexb
from vms.media.parametersets import ParameterSets
from vms.media.rtp import unwrap
from vms.media.types import AccessUnit, TrackInfo

CLOSED: Final = b""  # no fragmented NAL unit is open; no packet begins like this
MAX_PARTS: Final = 65_536


class VideoSource(PacketSource):
    """Collects one access unit in `_parts` (length, NAL unit, length, …) and delivers it at its end.

    The first unit is held until the next one begins: that shows whether the marker bit really ends units
    (RFC 6184 clause 5.1). If it does, later units leave with their marker bit; if a marker bit comes in the middle
    of a picture, boundaries are told by timestamps and first-slice flags alone.
    """

    def __init__(self, head_bytes: int, parameter_sets: tuple[int, ...]) -> None:
        """`head_bytes`: how much of a payload tells whether it is a later fragment of a NAL unit."""
        super().__init__()
        framed, packet = Struct(f">HHHH{8 + head_bytes}s"), Struct(f">HHII{head_bytes}s")
        self._unpack_framed = framed.unpack_from  # mark, size, word, sequence, time and source and head
        self._unpack = packet.unpack_from
        self._framed_skip, self._skip = framed.size, packet.size
        self.sets = ParameterSets(parameter_sets)
        self._source = CLOSED  # how our SSRC is written
        self._parts: list[bytes] = []
        self._size = 0  # of the whole NAL units in it, with their lengths
        self._mid = CLOSED  # how the next fragment of the open NAL unit begins: time, source, head
        self._last = CLOSED  # and how its last one does
        self._open_at = 0
        self._open_header = b""
        self._open_vcl = False
        self._ts = -1
        self._time = 0
        self._has_vcl = False
        self._first_slice = False
        self._key = False
        self._marked = False
        self._marker_known = False
        self._marker_lies = False
        self._two_fields = False
        self._waiting = True
        self._after_loss = False
        self._steady = False  # markers are honest, nothing is awaited: a slice that fills its packet is a unit

    def take(self, data: bytes, position: int) -> int:
        """As in PacketSource. This loop is the hottest of the program: one look and one slice a fragment."""
        unpack, skip, end = self._unpack_framed, self._framed_skip, len(data)
        own, word_plain, expected, source = self._mark, self._word, self._expected, self._source
        mid, fin, parts = self._mid, self._last, self._parts
        last = end - skip
        while position <= last:
            mark, size, word, seq, tail = unpack(data, position)
            stop = position + FRAME_BYTES + size
            if stop > end or mark != own:
                break
            if seq == expected:
                if tail == mid and word == word_plain:
                    parts.append(data[position + skip : stop])
                    expected = (seq + 1) & 0xFFFF
                    position = stop
                    continue
                if tail[4:8] == source and word & 0xFF7F == word_plain:
                    expected = (seq + 1) & 0xFFFF
                    if tail == fin and word != word_plain and self._steady and not self._key:
                        parts.append(data[position + skip : stop])
                        self._deliver_whole()
                    else:
                        self._payload(data[position + FRAME_BYTES : stop], tail[8:], int.from_bytes(tail[:4], "big"), word & 0x80)
                    mid, fin, parts = self._mid, self._last, self._parts
                    position = stop
                    continue
            self._expected = expected
            self._irregular(data[position + FRAME_BYTES : stop])
            word_plain, expected, source = self._word, self._expected, self._source
            mid, fin, parts = self._mid, self._last, self._parts
            position = stop
        self._expected = expected
        if position > last:
            position = super().take(data, position)  # what is too short to be looked at like this
        if parts:
            self._bound()
        return position

    def flush(self) -> list[AccessUnit]:
        """The stream has ended: what waits for order or for a sign of its end."""
        units = super().flush()
        if self._marked:
            self._finish()
        return units + self.drain()

    def _packet(self, packet: bytes) -> None:
        self._irregular(packet)

    def _irregular(self, packet: bytes) -> None:
        plain = self._admit(packet)
        if plain is None:
            return
        self._source = plain[8:12]
        if len(plain) < self._skip:
            return  # an empty keep-alive or a one-byte NAL unit: nothing a decoder needs
        word, _, timestamp, _, head = self._unpack(plain)
        self._payload(plain, head, timestamp, word & 0x80)

    @abstractmethod
    def _payload(self, packet: bytes, head: bytes, timestamp: int, marker: int) -> None: ...

    @abstractmethod
    def _parameter_set(self, kind: int, nal: bytes) -> None: ...

    @abstractmethod
    def _build_info(self) -> TrackInfo | None: ...

    @abstractmethod
    def _nal(self, nal: bytes) -> None:
        """One whole NAL unit that is no plain slice of a plain packet."""

    # boundaries

    def _new_time(self, timestamp: int) -> None:
        if self._has_vcl:
            self._finish()
        elif self._mid is not CLOSED:
            self._damage()
        self._time = unwrap(timestamp, self._ts, self._time) if self._ts >= 0 else timestamp
        self._ts = timestamp

    def _slice(self, first: bool, key: bool) -> None:
        """A slice begins; `first` is its first-slice flag."""
        if self._has_vcl:
            if first and not self._two_fields:
                self._finish()
            elif self._marked:
                self._marker_lies, self._marked, self._steady = True, False, False
        if not self._has_vcl:
            self._has_vcl = True
            self._first_slice = first
            self._key = key
        elif key:
            self._key = True

    def _end_payload(self) -> None:
        if self._has_vcl and self._mid is CLOSED:
            if self._marker_known and not self._marker_lies:
                self._finish()
            else:
                self._marked = True

    def _finish(self) -> None:
        """The unit is complete: deliver it, or count it as dropped."""
        if self._mid is not CLOSED or (not self._first_slice and not self._waiting):
            # cut off, or it goes on where a lying marker ended the unit before
            self._marker_lies = self._marker_lies or self._mid is CLOSED
            self._damage()
            return
        if self._marked:
            self._marker_known = True
        key = self._key
        if key or self.sets.changed:
            self._configure(key)
        if self._waiting and not (key and self._first_slice and self._latest is not None):
            self.dropped_units += 1
        else:
            # AccessUnit(...) through its constructor costs four times as much, for every frame of every camera
            fields = (self._time, key, self._parts, self._size, self._after_loss)
            self._sink.append(tuple.__new__(AccessUnit, fields))
            self._waiting = self._after_loss = False
            self._steady = self._marker_known and not self._marker_lies
        self._clear()

    def _deliver_whole(self) -> None:
        """The usual end of a unit, by the marked last fragment of a slice in steady state: _close and _finish without questions."""
        if not (self._open_vcl and self._first_slice) or self.sets.changed:
            self._fu_end()
            self._end_payload()
            return
        at, parts, header = self._open_at, self._parts, self._open_header
        size = sum(map(len, parts[at:] if at else parts))  # the header holds the length's place
        parts[at] = size.to_bytes(4, "big") + header
        fields = (self._time, False, parts, self._size + 4 + size, False)
        self._sink.append(tuple.__new__(AccessUnit, fields))
        self._parts = []
        self._size = 0
        self._mid = self._last = CLOSED
        self._has_vcl = False

    def _lone(self, packet: bytes, timestamp: int) -> None:
        """A unit of one packet in steady state, the usual in sub-streams: what _finish would do, without its questions."""
        self._time = time = unwrap(timestamp, self._ts, self._time)
        self._ts = timestamp
        size = len(packet) - 12
        fields = (time, False, (size.to_bytes(4, "big"), packet[12:]), 4 + size, False)
        self._sink.append(tuple.__new__(AccessUnit, fields))

    def _configure(self, key: bool) -> None:
        if not key:
            # a set that pictures may need from here on: only a key frame can begin with the new ones
            self._after_loss = self._after_loss or not self._waiting
            self._waiting = True
            self._steady = False
            return
        if not self.sets.changed:
            self.sets.settle()
            return
        self.sets.settle()
        try:
            info = self._build_info()
        except VmsError:
            self.bad_packets += 1
            self._latest = None
            self._waiting = True
            return
        if info is None:
            self._waiting = True
        elif self._latest is None or info.sample_entry != self._latest.sample_entry:
            self._renew(info)

    def _clear(self) -> None:
        self._parts = []
        self._size = 0
        self._mid = self._last = CLOSED
        self._has_vcl = self._key = self._marked = False

    def _damage(self) -> None:
        """The unit in hand is not whole: it and all up to the next key frame are dropped."""
        if self._has_vcl or self._mid is not CLOSED:
            self.dropped_units += 1
        self._steady = False
        self._clear()
        if not self._waiting:
            self._waiting = self._after_loss = True

    def _hole(self) -> None:
        self._damage()
        if self._latest is not None:
            self._after_loss = True

    # NAL units

    @abstractmethod
    def _fu_end(self) -> None:
        """The open NAL unit has come to its end."""

    def _add(self, nal: bytes) -> None:
        """A whole NAL unit joins the access unit."""
        size = len(nal)
        self._parts += (size.to_bytes(4, "big"), nal)
        self._size += 4 + size

    def _open(self, header: bytes, vcl: bool, packet: bytes, later: bytes, last: bytes) -> None:
        """A NAL unit begins in fragments; `later` and `last` are how the payloads of the others begin."""
        parts, prefix = self._parts, packet[4:12]
        self._mid, self._last = prefix + later, prefix + last
        self._open_at, self._open_header, self._open_vcl = len(parts), header, vcl
        parts += (header, packet[self._skip :])

    def _close(self) -> None:
        """The open NAL unit is whole: its length goes before it."""
        at, parts, header = self._open_at, self._parts, self._open_header
        size = sum(map(len, parts[at:]))
        parts[at] = size.to_bytes(4, "big") + header
        self._size += 4 + size
        self._mid = self._last = CLOSED

    def _close_apart(self) -> bytes:
        """Takes the open NAL unit out of the access unit, whole."""
        at = self._open_at
        nal = b"".join(self._parts[at:])
        del self._parts[at:]
        self._mid = self._last = CLOSED
        return nal

    def _bound(self) -> None:
        """Once per read: a unit that never ends must not grow for ever."""
        parts = self._parts
        if len(parts) > MAX_PARTS or sum(map(len, parts)) > MAX_NAL_BYTES:
            self.bad_packets += 1
            self._damage()

    def _split(self, data: bytes) -> None:
        """A camera that puts an Annex B stream into a payload."""
        for nal in split_annexb(START_CODE + data):
            self._nal(nal)
