"""Access units out of RTP payloads: what H.264 and H.265 share.

In: the fragment loop, access-unit boundaries with honest, missing and lying marker bits, drop to the next key frame.
Not here: the payload headers (depacket_h264, depacket_h265). Cost matters here: nothing per packet that can be per frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from struct import error as StructError
from typing import Final

from vms.base.errors import VmsError
from vms.media.depacket_base import PacketSource
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

    def __init__(self, header: Struct, parameter_sets: tuple[int, ...]) -> None:
        super().__init__()
        self._unpack = header.unpack_from
        self._skip = header.size
        self.sets = ParameterSets(parameter_sets)
        self._parts: list[bytes] = []
        self._bounded = 0
        self._bytes = 0
        self._mid = CLOSED  # how the next fragment of the open NAL unit begins
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

    def push(self, packets: Sequence[bytes], *, ordered: bool = True) -> list[AccessUnit]:
        if not ordered:
            packets = self._in_order(packets)
        units = self._open_batch()
        unpack, skip = self._unpack, self._skip
        word_plain, ssrc_own, expected, mid, now = self._word, self._ssrc, self._expected, self._mid, self._ts
        parts = self._parts
        for packet in packets:
            try:
                word, seq, timestamp, ssrc, head = unpack(packet)
            except StructError:
                word, seq, timestamp, ssrc, head = 0, -2, 0, -2, CLOSED
            if seq == expected and ssrc == ssrc_own:
                if head == mid and timestamp == now and word == word_plain:
                    parts.append(packet[skip:])
                    expected = (seq + 1) & 0xFFFF
                    continue
                if word & 0xFF7F == word_plain:
                    expected = (seq + 1) & 0xFFFF
                    self._payload(packet, head, timestamp, word & 0x80)
                    mid, now = self._mid, timestamp
                    continue
            self._expected = expected
            self._irregular(packet)
            word_plain, ssrc_own, expected, mid, now = self._word, self._ssrc, self._expected, self._mid, self._ts
        self._expected = expected
        if parts:
            self._bound()
        return units

    def flush(self) -> list[AccessUnit]:
        """The stream has ended: what waits for order or for a sign of its end."""
        units = self.push(self._reorder.flush()) if self._reorder is not None else self._open_batch()
        if self._marked:
            self._finish()
        return units

    def _irregular(self, packet: bytes) -> None:
        plain = self._admit(packet)
        if plain is None:
            return
        if len(plain) < self._skip:
            return  # an empty keep-alive or a one-byte NAL unit: nothing a decoder needs
        word, _, timestamp, _, head = self._unpack(plain)
        self._payload(plain, head, timestamp, word & 0x80)

    def _payload(self, packet: bytes, head: bytes, timestamp: int, marker: int) -> None:
        raise NotImplementedError

    def _parameter_set(self, kind: int, nal: bytes) -> None:
        raise NotImplementedError

    def _build_info(self) -> TrackInfo | None:
        raise NotImplementedError

    def _nal(self, nal: bytes) -> None:
        """One whole NAL unit that is no plain slice of a plain packet."""
        raise NotImplementedError

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
            fields = (self._time, key, b"".join(self._parts), self._after_loss)
            self._sink.append(tuple.__new__(AccessUnit, fields))
            self._waiting = self._after_loss = False
            self._steady = self._marker_known and not self._marker_lies
        self._clear()

    def _lone(self, packet: bytes, timestamp: int) -> None:
        """A unit of one packet in steady state, the usual in sub-streams: what _finish would do, without its questions."""
        self._time = time = unwrap(timestamp, self._ts, self._time)
        self._ts = timestamp
        fields = (time, False, (len(packet) - 12).to_bytes(4, "big") + packet[12:], False)
        self._sink.append(tuple.__new__(AccessUnit, fields))

    def _configure(self, key: bool) -> None:
        if not key:
            # a set that pictures may need from here on: only a key frame can begin with the new ones
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
        self._parts.clear()
        self._bytes = self._bounded = 0
        self._mid = CLOSED
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

    def _close(self) -> None:
        """The open NAL unit is whole: its length goes before it."""
        at, parts, header = self._open_at, self._parts, self._open_header
        size = sum(map(len, parts[at + 1 :])) + len(header)
        parts[at] = size.to_bytes(4, "big") + header
        self._mid = CLOSED

    def _close_apart(self) -> bytes:
        """Takes the open NAL unit out of the access unit, whole."""
        at = self._open_at
        nal = b"".join([self._open_header, *self._parts[at + 1 :]])
        del self._parts[at:]
        self._bounded = min(self._bounded, at)
        self._mid = CLOSED
        return nal

    def _bound(self) -> None:
        """Once per push: a unit that never ends must not grow for ever."""
        parts = self._parts
        self._bytes += sum(map(len, parts[self._bounded :]))
        self._bounded = len(parts)
        if self._bytes > MAX_NAL_BYTES or len(parts) > MAX_PARTS:
            self.bad_packets += 1
            self._damage()

    def _split(self, data: bytes) -> None:
        """A camera that puts an Annex B stream into a payload."""
        for nal in split_annexb(START_CODE + data):
            self._nal(nal)
