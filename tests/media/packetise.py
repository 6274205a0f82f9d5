"""A camera's side of RTP, for tests: Annex B fixtures cut into access units and packets."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from struct import pack

from vms.media.nal import h264_first_slice, h264_is_vcl, h264_type, h265_first_slice, h265_is_vcl, h265_type, split_annexb

DATA = Path(__file__).parent / "data"
PT = 96
SSRC = 0x1234ABCD

Unit = list[bytes]


@cache
def fixture(name: str) -> bytes:
    return (DATA / name).read_bytes()


def display_order(name: str) -> list[int]:
    return list(json.loads((DATA / "display_order.json").read_text())[name])


def units_of(name: str) -> list[Unit]:
    """NAL units of each access unit."""
    h265 = name.endswith("h265")
    first = h265_first_slice if h265 else h264_first_slice
    units: list[Unit] = [[]]
    seen_vcl = False
    for nal in split_annexb(fixture(name)):
        vcl = h265_is_vcl(h265_type(nal)) if h265 else h264_is_vcl(h264_type(nal))
        if seen_vcl and (not vcl or first(nal)):
            units.append([])
            seen_vcl = False
        units[-1].append(nal)
        seen_vcl = seen_vcl or vcl
    return units


def h264_payloads(nal: bytes, limit: int) -> list[bytes]:
    if len(nal) <= limit:
        return [nal]
    indicator, kind, body = nal[0] & 0xE0 | 28, nal[0] & 0x1F, nal[1:]
    parts = [body[at : at + limit - 2] for at in range(0, len(body), limit - 2)]
    last = len(parts) - 1
    return [bytes((indicator, kind | (0x80 if i == 0 else 0) | (0x40 if i == last else 0))) + part for i, part in enumerate(parts)]


def h265_payloads(nal: bytes, limit: int) -> list[bytes]:
    if len(nal) <= limit:
        return [nal]
    head, kind, body = bytes((nal[0] & 0x81 | 49 << 1, nal[1])), (nal[0] >> 1) & 0x3F, nal[2:]
    parts = [body[at : at + limit - 3] for at in range(0, len(body), limit - 3)]
    last = len(parts) - 1
    return [head + bytes((kind | (0x80 if i == 0 else 0) | (0x40 if i == last else 0),)) + part for i, part in enumerate(parts)]


def h264_stap(nals: Sequence[bytes]) -> bytes:
    return b"\x78" + b"".join(pack(">H", len(nal)) + nal for nal in nals)


def h265_ap(nals: Sequence[bytes]) -> bytes:
    return bytes((48 << 1, 1)) + b"".join(pack(">H", len(nal)) + nal for nal in nals)


def rtp(payload: bytes, seq: int, timestamp: int, *, marker: bool = False, pt: int = PT, ssrc: int = SSRC) -> bytes:
    return pack(">BBHII", 0x80, pt | (0x80 if marker else 0), seq & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc) + payload


class Sender:
    """Gives packets their sequence numbers; `marker` decides per payload: (payload index, payloads in the unit)."""

    def __init__(
        self,
        payloads: Callable[[bytes, int], list[bytes]] = h264_payloads,
        *,
        limit: int = 200,
        seq: int = 65_500,
        marker: Callable[[int, int], bool] = lambda index, count: index == count - 1,
    ) -> None:
        self.payloads, self.limit, self.seq, self.marker = payloads, limit, seq, marker

    def unit(self, nals: Unit, timestamp: int) -> list[bytes]:
        flat = [payload for nal in nals for payload in self.payloads(nal, self.limit)]
        packets: list[bytes] = []
        for index, payload in enumerate(flat):
            packets.append(rtp(payload, self.seq, timestamp, marker=self.marker(index, len(flat))))
            self.seq += 1
        return packets

    def stream(self, units: Sequence[Unit], timestamps: Sequence[int]) -> list[bytes]:
        return [packet for nals, at in zip(units, timestamps, strict=True) for packet in self.unit(nals, at)]
