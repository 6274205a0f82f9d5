"""AAC, G.711 and Opus over RTP."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.media.packetise import rtp
from tests.media.streams import AAC_FMTP, aac_frames, aac_payload
from vms.base.errors import Kind, VmsError
from vms.media.depacket import Depacketiser, make_depacketiser
from vms.media.types import Codec


def aac() -> Depacketiser:
    return make_depacketiser(Codec.AAC, clock_rate=16_000, fmtp=AAC_FMTP)


def test_aac_frames_come_out_one_by_one_with_their_times() -> None:
    frames, source = aac_frames()[:9], aac()
    got = source.push([rtp(aac_payload(frames[at : at + 3]), at // 3, 1024 * at, marker=True) for at in (0, 3, 6)])
    assert [unit.data for unit in got] == frames
    assert [unit.rtp_time for unit in got] == [1024 * n for n in range(9)]
    assert source.info is not None
    assert (source.info.timescale, source.info.channels, source.info.mime) == (16_000, 1, 'audio/mp4; codecs="mp4a.40.2"')


def test_an_aac_frame_in_fragments_is_put_together() -> None:
    frame = aac_frames()[1] * 3
    cuts = [frame[:100], frame[100:200], frame[200:]]
    got = aac().push([rtp(aac_payload([cut], len(frame)), n, 5, marker=n == 2) for n, cut in enumerate(cuts)])
    assert [unit.data for unit in got] == [frame]


def test_a_lost_fragment_spoils_its_frame_alone() -> None:
    frame, small, source = b"x" * 300, b"small", aac()
    cuts = [rtp(aac_payload([frame[:100]], 300), 0, 0), rtp(aac_payload([frame[200:]], 300), 2, 0, marker=True)]
    got = source.push([*cuts, rtp(aac_payload([small]), 3, 1024, marker=True)])
    assert [(unit.data, unit.after_loss) for unit in got] == [(small, True)]
    assert source.lost_packets == 1


def test_g711_payloads_are_passed_on_untouched() -> None:
    source = make_depacketiser(Codec.PCMA, clock_rate=8000, fmtp={})
    got = source.push([rtp(bytes((n,)) * 160, n, 160 * n, pt=8) for n in (0, 1, 3)])
    assert [(unit.rtp_time, unit.data[0], unit.after_loss) for unit in got] == [(0, 0, False), (160, 1, False), (480, 3, True)]
    assert source.info is not None
    assert (source.info.timescale, source.info.codec) == (8000, Codec.PCMA)


@pytest.mark.parametrize(
    "broken", [{"config": "zz"}, {"config": ""}, {"config": "1408", "sizelength": "x"}, {"config": "1408", "sizelength": "99"}]
)
def test_a_broken_description_is_one_typed_error(broken: dict[str, str]) -> None:
    with pytest.raises(VmsError) as caught:
        make_depacketiser(Codec.AAC, clock_rate=16_000, fmtp=broken)
    assert caught.value.kind is Kind.PROTOCOL


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=20), st.booleans())
def test_garbage_never_raises(payloads: list[bytes], ordered: bool) -> None:
    source = aac()
    source.push([rtp(payload, n, 1024 * n) for n, payload in enumerate(payloads)], ordered=ordered)
    source.push(payloads, ordered=ordered)
    source.flush()
