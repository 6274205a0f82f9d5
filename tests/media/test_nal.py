"""NAL units and parameter sets."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.media.packetise import units_of
from vms.base.errors import Kind, VmsError
from vms.media import h264, h265
from vms.media.bits import BitReader
from vms.media.nal import h264_type, h265_type, join_annexb, join_length_prefixed, split_annexb, split_length_prefixed, unescape

# NAL units end in rbsp_trailing_bits, so never in a zero byte, and hold no start code
nal_units = st.binary(min_size=1, max_size=30).map(lambda raw: raw.replace(b"\0", b"\1"))


@given(st.lists(nal_units, max_size=8))
def test_both_forms_give_back_what_went_in(nals: list[bytes]) -> None:
    assert split_length_prefixed(join_length_prefixed(nals)) == nals
    assert split_annexb(join_annexb(nals)) == nals


def test_three_byte_start_codes_and_trailing_zeros_are_no_part_of_a_unit() -> None:
    assert split_annexb(b"junk\0\0\1\x65a\0\0\0\0\1\x41b\0\0") == [b"\x65a", b"\x41b"]


@pytest.mark.parametrize("broken", [b"\0\0\0\5abc", b"\0\0", b"\xff\xff\xff\xff"])
def test_a_length_that_leaves_the_sample_is_a_typed_error(broken: bytes) -> None:
    with pytest.raises(VmsError) as caught:
        split_length_prefixed(broken)
    assert caught.value.kind is Kind.PROTOCOL


def test_emulation_prevention_is_undone() -> None:
    assert unescape(b"\x67\0\0\3\0\0\3\1\0\0\3") == b"\x67\0\0\0\0\1\0\0"


def test_exp_golomb_codes_are_read() -> None:
    bits = BitReader(bytes((0b1_010_011_0, 0b0100_0010, 0b1_0000000)))
    assert [bits.ue(), bits.ue(), bits.ue(), bits.ue(), bits.se()] == [0, 1, 2, 3, -2]


def sets(name: str, kind: int) -> bytes:
    read = h265_type if name.endswith("h265") else h264_type
    return next(nal for nal in units_of(name)[0] if read(nal) == kind)


def test_an_h264_sps_tells_size_rate_and_reorder_depth() -> None:
    sps = h264.parse_sps(sets("h264_b_frames.h264", 7))
    assert (sps.profile, sps.width, sps.height, sps.fps, sps.frames_only) == (100, 160, 120, 25.0, True)
    assert sps.reorder_frames in {1, 2}
    assert h264.parse_sps(sets("h264_four_slices.h264", 7)).reorder_frames == 0


def test_an_h264_sps_without_vui_has_an_unknown_reorder_depth_unless_b_frames_are_impossible() -> None:
    # Main profile, poc type 0, 1 reference frame, 1280×720, no VUI; the second says poc type 2
    assert h264.parse_sps(bytes.fromhex("674d401f965402802dc8")).reorder_frames == -1
    assert h264.parse_sps(bytes.fromhex("674d401f9b9402802dc8")).reorder_frames == 0


def test_configuration_records_give_their_sets_back() -> None:
    sps, pps = sets("h264_b_frames.h264", 7), sets("h264_b_frames.h264", 8)
    assert h264.sets_of_avcc(h264.avcc([sps], [pps])) == ([sps], [pps])
    triple = [sets("h265_open_gop.h265", kind) for kind in (32, 33, 34)]
    assert h265.sets_of_hvcc(h265.hvcc(*[[nal] for nal in triple])) == tuple([nal] for nal in triple)


def test_absurd_sizes_are_refused() -> None:
    # 16,384 × 16,400: poc type 2, one reference frame, 1,024 × 1,025 macroblocks
    bits = "1101101000000000001000000000000000000001000000000101100010"
    with pytest.raises(VmsError) as caught:
        h264.parse_sps(b"\x67\x42\x00\x1f" + int(bits.ljust(64, "0"), 2).to_bytes(8, "big"))
    assert caught.value.kind is Kind.PROTOCOL


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_parameter_sets_give_values_in_bounds_or_one_typed_error(data: st.DataObject) -> None:
    name, kind = data.draw(st.sampled_from([("h264_b_frames.h264", 7), ("h265_open_gop.h265", 33), ("h265_open_gop.h265", 32)]))
    nal = bytearray(sets(name, kind))
    for _ in range(data.draw(st.integers(1, 6))):
        nal[data.draw(st.integers(1, len(nal) - 1))] = data.draw(st.integers(0, 255))
    whole = bytes(nal[: data.draw(st.integers(0, len(nal)))])
    try:
        if kind == 32:
            assert 0 <= h265.vps_fps(whole) <= 300
            return
        sps = h264.parse_sps(whole) if kind == 7 else h265.parse_sps(whole)
    except VmsError as error:
        assert error.kind is Kind.PROTOCOL
        return
    assert 0 < sps.width <= 16_384
    assert 0 < sps.height <= 16_384
    assert -1 <= sps.reorder_frames <= 16
    assert 0 <= sps.fps <= 300
