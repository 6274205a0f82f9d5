"""H.265 over RTP: NAL-exact against the encoder's stream."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.media.packetise import Sender, Unit, display_order, h265_ap, h265_payloads, rtp, units_of
from vms.base.errors import Kind, VmsError
from vms.media.depacket import Depacketiser, make_depacketiser
from vms.media.nal import h265_type, split_length_prefixed
from vms.media.types import AccessUnit, Codec

NAME = "h265_open_gop.h265"
TIMES = [3600 * place for place in display_order(NAME)]


def fresh(**fmtp: str) -> Depacketiser:
    return make_depacketiser(Codec.H265, clock_rate=90_000, fmtp=fmtp)


def kept(units: list[Unit]) -> list[Unit]:
    return [[nal for nal in unit if h265_type(nal) < 32 or h265_type(nal) in {39, 40}] for unit in units]


def nals(units: list[AccessUnit]) -> list[Unit]:
    return [split_length_prefixed(unit.data) for unit in units]


@pytest.mark.parametrize("limit", [60, 300, 1400])
def test_every_nal_unit_arrives(limit: int) -> None:
    units, source = units_of(NAME), fresh()
    packets = Sender(h265_payloads, limit=limit).stream(units, TIMES)
    got = [unit for at in range(0, len(packets), 9) for unit in source.push(packets[at : at + 9])]
    assert nals(got) == kept(units)
    assert [unit.key for unit in got] == [any(16 <= h265_type(nal) <= 23 for nal in unit) for unit in units]
    assert (source.lost_packets, source.bad_packets, source.dropped_units, source.generation) == (0, 0, 0, 1)


def test_aggregation_packets_are_taken_apart() -> None:
    units = units_of(NAME)[:8]
    packets = [rtp(h265_ap(unit), n, TIMES[n], marker=True) for n, unit in enumerate(units)]
    assert nals(fresh().push(packets)) == kept(units)


def test_the_parameter_sets_tell_size_rate_reorder_depth_and_name() -> None:
    sets = {h265_type(nal): b64encode(nal).decode() for nal in units_of(NAME)[0]}
    info = fresh(**{"sprop-vps": sets[32], "sprop-sps": sets[33], "sprop-pps": sets[34]}).info
    assert info is not None
    assert (info.width, info.height, info.fps, info.reorder_frames) == (160, 120, 25.0, 2)
    assert info.mime == 'video/mp4; codecs="hvc1.1.6.L30.90"'


def test_leading_pictures_of_a_joined_random_access_point_are_left_out() -> None:
    first = units_of(NAME)[0]
    sets, slices = [nal for nal in first if 32 <= h265_type(nal) <= 34], [nal for nal in first if h265_type(nal) < 32]
    cra = [bytes((21 << 1, 1)) + slices[0][2:]]
    rasl, trailing = [bytes((9 << 1, 1, 0x80)) + bytes(300)], [bytes((1 << 1, 1, 0x80)) + b"\1" * 300]
    order = [sets + cra, rasl, trailing, cra, rasl, trailing]
    got = fresh().push(Sender(h265_payloads).stream(order, [3600 * n for n in range(6)]))
    assert nals(got) == [cra, trailing, cra, rasl, trailing]


def test_decoding_order_numbers_are_refused() -> None:
    with pytest.raises(VmsError) as caught:
        fresh(**{"sprop-max-don-diff": "2"})
    assert caught.value.kind is Kind.UNSUPPORTED_CODEC


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=30), st.booleans())
def test_garbage_is_counted_and_never_raises(packets: list[bytes], ordered: bool) -> None:
    source = fresh()
    source.push(packets, ordered=ordered)
    source.push([b"\x80\x60" + packet for packet in packets], ordered=ordered)
    source.push([rtp(packet, n, n // 3) for n, packet in enumerate(packets)], ordered=ordered)
    for unit in source.flush():
        split_length_prefixed(unit.data)
