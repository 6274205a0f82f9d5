"""RTP payloads: golden bytes by the RFCs' figures, and whatever is cut comes back whole through our own depacketiser."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vms.media.packetise import MAX_PAYLOAD, aac_hbr, aggregate, fragments, g711
from vms.media.types import Codec


def test_a_small_nal_unit_is_a_payload_as_it_is() -> None:
    """RFC 6184 §5.6."""
    assert fragments(Codec.H264, b"\x65\x88\x84") == [b"\x65\x88\x84"]


def test_a_large_nal_unit_is_cut_into_fu_a() -> None:
    """RFC 6184 §5.8: indicator F|NRI|28, header S|E|R|type, the NAL header itself is not repeated."""
    nal = b"\x65" + bytes(range(10))
    assert fragments(Codec.H264, nal, room=6) == [
        b"\x7c\x85\x00\x01\x02\x03",
        b"\x7c\x05\x04\x05\x06\x07",
        b"\x7c\x45\x08\x09",
    ]


def test_parameter_sets_are_one_stap_a() -> None:
    """RFC 6184 §5.7.1: the highest NRI, then size and NAL unit of each."""
    assert aggregate(Codec.H264, [b"\x67\x64\x00\x1f", b"\x28\xee"]) == [b"\x78\x00\x04\x67\x64\x00\x1f\x00\x02\x28\xee"]


def test_sets_that_do_not_fit_together_go_alone() -> None:
    assert aggregate(Codec.H264, [b"\x67" * 4, b"\x68" * 4], room=11) == [b"\x67" * 4, b"\x68" * 4]


def test_h265_fragments_keep_layer_and_temporal_id() -> None:
    """RFC 7798 §4.4.3: two header bytes of type 49, then S|E|type."""
    assert fragments(Codec.H265, b"\x26\x01\xaa\xbb\xcc", room=4) == [b"\x62\x01\x93\xaa", b"\x62\x01\x13\xbb", b"\x62\x01\x53\xcc"]


def test_an_aac_frame_has_one_au_header() -> None:
    """RFC 3640 §3.3.6."""
    assert aac_hbr(b"\x21\x10\x04") == b"\x00\x10\x00\x18\x21\x10\x04"


@pytest.mark.parametrize(("size", "sizes"), [(160, [160]), (960, [960]), (1000, [960, 40]), (0, [])])
def test_g711_is_its_own_payload_of_at_most_120_ms(size: int, sizes: list[int]) -> None:
    """RFC 3551 §4.5.14: one octet per sample."""
    samples = bytes(n & 0xFF for n in range(size))
    cut = g711(samples)
    assert ([len(one) for one in cut], b"".join(cut)) == (sizes, samples)


@given(nal=st.binary(min_size=1, max_size=5_000).map(lambda tail: b"\x41" + tail), room=st.integers(8, MAX_PAYLOAD))
def test_what_is_cut_comes_back_whole(nal: bytes, room: int) -> None:
    cut = fragments(Codec.H264, nal, room)
    assert max(map(len, cut)) <= room
    if len(cut) == 1:
        assert cut == [nal]
        return
    starts, ends = [one[1] >> 7 for one in cut], [one[1] >> 6 & 1 for one in cut]
    assert starts == [1] + [0] * (len(cut) - 1)
    assert ends == [0] * (len(cut) - 1) + [1]
    assert bytes((cut[0][0] & 0xE0 | cut[0][1] & 0x1F,)) + b"".join(one[2:] for one in cut) == nal
