"""What of an offer is taken up, and how the answer says so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.media.streams import g711_track_frames, h264_slices_track_frames, h264_track_frames, h265_track_frames
from tests.webrtc.offers import AUDIO, CHROMIUM, FINGERPRINT, H264, SESSION, VIDEO
from vms.base.errors import Kind, VmsError
from vms.media.audio import g711_track, opus_track
from vms.media.types import Codec, TrackInfo
from vms.webrtc.answer import Candidate, Local, check_playable, choose, role_of, write_answer
from vms.webrtc.offer import parse_offer

HIGH = replace(h264_slices_track_frames()[0], mime='video/mp4; codecs="avc1.64001f"')
LOCAL = Local("wxyz", "q" * 22, ("sha-256", FINGERPRINT), (Candidate("192.0.2.7", 50_000),), "active", "stream", 5)


def chosen(text: str, audio: TrackInfo | None = None, video: TrackInfo = HIGH) -> tuple[int, int | None]:
    pictures, sound = choose(parse_offer(text.encode()), video, audio, (1, 2))
    return pictures.format.payload_type, None if sound is None else sound.format.payload_type


@pytest.mark.parametrize(("codecs", "number"), [("avc1.64001f", 106), ("avc1.42c01f", 102), ("avc1.4d401f", 106)])
def test_the_format_of_the_streams_profile_is_taken_in_mode_1(codecs: str, number: int) -> None:
    assert chosen(CHROMIUM, video=replace(HIGH, mime=f'video/mp4; codecs="{codecs}"'))[0] == number


@pytest.mark.parametrize(
    ("audio", "number"),
    [
        (g711_track(Codec.PCMA, 8000, 1), 8),
        (g711_track(Codec.PCMU, 8000, 1), 0),
        (opus_track(2), 111),
        (g711_track(Codec.PCMA, 16_000, 1), None),
    ],
)
def test_sound_goes_as_it_came_or_not_at_all(audio: TrackInfo, number: int | None) -> None:
    """RFC 3551 §6, RFC 7587 §7: PCMU 0, PCMA 8, opus/48000/2 whatever the channels."""
    assert chosen(CHROMIUM, audio)[1] == number


def test_sound_outside_the_bundle_is_left_out() -> None:
    assert chosen(CHROMIUM.replace("BUNDLE 0 1", "BUNDLE 0"), g711_track_frames()[0])[1] is None


@pytest.mark.parametrize(
    "text",
    [
        SESSION + AUDIO,
        SESSION + VIDEO.replace("H264", "VP9"),
        SESSION + VIDEO.replace("packetization-mode=1", "packetization-mode=0"),
        SESSION + VIDEO.replace("a=recvonly", "a=sendonly"),
        SESSION + VIDEO.replace("a=rtcp-mux\r\n", ""),
        SESSION + VIDEO.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"),
    ],
)
def test_an_offer_without_usable_h264_is_not_acceptable(text: str) -> None:
    with pytest.raises(VmsError) as refusal:
        chosen(text)
    assert (refusal.value.kind, refusal.value.facts["reason"]) == (Kind.NOT_ACCEPTABLE, "no_h264")


@pytest.mark.parametrize(("info", "reason"), [(h265_track_frames()[0], "codec"), (h264_track_frames()[0], "b_frames")])
def test_a_stream_that_browsers_cannot_show_by_webrtc_is_refused_with_its_reason(info: TrackInfo, reason: str) -> None:
    with pytest.raises(VmsError) as refusal:
        check_playable(info)
    assert (refusal.value.kind, refusal.value.facts["reason"]) == (Kind.NOT_ACCEPTABLE, reason)


def test_a_stream_without_pictures_is_refused() -> None:
    with pytest.raises(VmsError) as refusal:
        check_playable(None)
    assert refusal.value.kind is Kind.NO_VIDEO


def test_the_answer_has_a_section_for_each_of_the_offer() -> None:
    offer = parse_offer((CHROMIUM + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n").encode())
    pictures, sound = choose(offer, HIGH, None, (7, 8))
    assert sound is None
    lines = write_answer(offer, [pictures], LOCAL).split("\r\n")
    assert [line for line in lines if line.startswith("m=")] == [
        "m=video 50000 UDP/TLS/RTP/SAVPF 106",
        "m=audio 0 UDP/TLS/RTP/SAVPF 111 0 8 13",
        "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
    ]
    assert "a=group:BUNDLE 0" in lines
    assert "a=candidate:1 1 udp 2130706431 192.0.2.7 50000 typ host" in lines
    assert "a=fmtp:106 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f" in lines
    assert {"a=sendonly", "a=setup:active", "a=rtcp-fb:106 nack pli", "a=ssrc:7 cname:stream", "a=end-of-candidates"} <= set(lines)
    assert not any("stun" in line or "srflx" in line or "rtx" in line for line in lines)


@pytest.mark.parametrize(("theirs", "ours"), [("actpass", "active"), ("passive", "active"), ("active", "passive")])
def test_we_begin_the_handshake_unless_the_viewer_insists(theirs: str, ours: str) -> None:
    """RFC 8842 §5.3."""
    assert role_of(parse_offer(CHROMIUM.replace("actpass", theirs).encode())) == ours


def test_no_word_of_the_offer_breaks_a_line_of_the_answer() -> None:
    offer = parse_offer((SESSION + VIDEO + H264.format(107, 1, "64001f")).encode())
    pictures, _ = choose(offer, HIGH, None, (7, 8))
    assert "\r\n\r\n" not in write_answer(offer, [pictures], LOCAL)
