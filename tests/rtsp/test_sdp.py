"""Descriptions as cameras write them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vms.base.errors import Kind, VmsError
from vms.rtsp.sdp import MAX_ATTRIBUTES, MAX_MEDIA, MAX_SDP_BYTES, Sdp, choose_tracks, parse_sdp

TYPICAL = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=Media Presentation\r\na=control:rtsp://192.0.2.9/main/\r\nt=0 0\r\n"
    b"m=video 0 RTP/AVP 96\r\na=recvonly\r\na=control:trackID=1\r\na=rtpmap:96 H264/90000\r\n"
    b"a=fmtp:96 profile-level-id=420029; packetization-mode=1; sprop-parameter-sets=Z00AKQ==,aO48gA==\r\n"
    b"m=audio 0 RTP/AVP 8\r\na=control:trackID=2\r\na=rtpmap:8 PCMA/8000\r\n"
)


def test_typical_description_is_read() -> None:
    sdp = parse_sdp(TYPICAL)
    video, audio = sdp.media
    assert sdp.control == "rtsp://192.0.2.9/main/"
    assert (video.kind, video.payload_type, video.codec, video.clock_rate, video.control) == ("video", 96, "h264", 90_000, "trackID=1")
    assert video.parameter_sets == (b"\x67\x4d\x00\x29", b"\x68\xee\x3c\x80")
    assert video.fmtp["packetization-mode"] == "1"
    assert (audio.codec, audio.clock_rate, audio.channels) == ("pcma", 8000, 1)
    assert choose_tracks(sdp) == (video, audio)


@pytest.mark.parametrize(
    ("lines", "codec", "clock_rate", "channels"),
    [
        ("m=video 0 RTP/AVP 98\na=rtpmap:98 H265/90000", "h265", 90_000, 1),
        ("m=video 0 RTP/AVP 98\na=rtpmap:98 HEVC", "h265", 90_000, 1),
        ("m=audio 0 RTP/AVP 97\na=rtpmap:97 MPEG4-GENERIC/16000/2\na=fmtp:97 mode=AAC-hbr;config=1410", "aac", 16_000, 2),
        ("m=audio 0 RTP/AVP 97\na=rtpmap:97 mpeg4-generic/8000\na=fmtp:97 mode=CELP-cbr", "celp-cbr", 8_000, 1),
        ("m=audio 0 RTP/AVP 0", "pcmu", 8_000, 1),
        ("m=audio 0 RTP/AVP 99\na=rtpmap:99 opus/48000/2", "opus", 48_000, 2),
        ("m=video 0 RTP/AVP 26", "jpeg", 90_000, 1),
        ("m=video 0 RTP/AVP 96", "pt96", 90_000, 1),
        ("m=video 0 RTP/AVP 26 96\na=rtpmap:96 H264/90000", "h264", 90_000, 1),
        ("m=video 0 RTP/AVP 96\na=rtpmap:96 H264/nonsense", "h264", 90_000, 1),
    ],
)
def test_format_becomes_a_codec(lines: str, codec: str, clock_rate: int, channels: int) -> None:
    (media,) = parse_sdp(lines.encode()).media
    assert (media.codec, media.clock_rate, media.channels) == (codec, clock_rate, channels)


def test_h265_parameter_sets_come_in_the_order_vps_sps_pps() -> None:
    (media,) = parse_sdp(b"m=video 0 RTP/AVP 96\na=rtpmap:96 H265/90000\na=fmtp:96 sprop-pps=Aw;sprop-sps=Ag==;sprop-vps=AQ==").media
    assert media.parameter_sets == (b"\x01", b"\x02", b"\x03")


def test_broken_parameter_sets_are_left_out() -> None:
    (media,) = parse_sdp(b"m=video 0 RTP/AVP 96\na=fmtp:96 sprop-parameter-sets=A,====,aO48gA==").media
    assert media.parameter_sets == (b"\x68\xee\x3c\x80",)


def test_unsupported_video_is_named() -> None:
    with pytest.raises(VmsError) as error:
        choose_tracks(parse_sdp(b"v=0\nm=video 0 RTP/AVP 26"))
    assert (error.value.kind, error.value.facts["codec"]) == (Kind.UNSUPPORTED_CODEC, "jpeg")


@pytest.mark.parametrize("body", [b"", b"v=0\r\n", b"v=0\nm=audio 0 RTP/AVP 8", b"v=0\nm=application 0 RTP/AVP 107"])
def test_description_without_video_is_no_video(body: bytes) -> None:
    with pytest.raises(VmsError) as error:
        choose_tracks(parse_sdp(body))
    assert error.value.kind is Kind.NO_VIDEO


def test_back_channel_and_unknown_audio_are_passed_over() -> None:
    sdp = parse_sdp(
        b"m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\nm=audio 0 RTP/AVP 97\na=rtpmap:97 G726-32/8000\n"
        b"m=audio 0 RTP/AVP 0\na=sendonly\nm=audio 0 RTP/AVP 8\na=recvonly"
    )
    assert [m.codec for m in choose_tracks(sdp)] == ["h264", "pcma"]


@pytest.mark.parametrize(
    ("body", "offset"),
    [
        (b"v=0\nx" + b"y" * MAX_SDP_BYTES, MAX_SDP_BYTES),
        (b"m=video 0 RTP/AVP 96\n" * (MAX_MEDIA + 1), MAX_MEDIA * 21),
        (b"v=0\n" + b"a=x\n" * (MAX_ATTRIBUTES + 1), 4 + MAX_ATTRIBUTES * 4),
        (b"v=0\nm=video\n", 4),
        (b"<html></html>", 0),
    ],
)
def test_description_over_a_bound_or_out_of_form_is_a_protocol_error(body: bytes, offset: int) -> None:
    with pytest.raises(VmsError) as error:
        parse_sdp(body)
    assert (error.value.kind, error.value.facts["offset"]) == (Kind.PROTOCOL, offset)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([TYPICAL, b"a=fmtp:96 ", b"a=rtpmap:", b"m=video ", b"\n", b"96"]) | st.binary(max_size=30), max_size=8))
def test_any_bytes_give_a_description_or_a_typed_error(pieces: list[bytes]) -> None:
    try:
        assert isinstance(parse_sdp(b"".join(pieces)), Sdp)
    except VmsError as error:
        assert error.kind is Kind.PROTOCOL


def test_a_semicolon_at_the_end_belongs_to_no_parameter() -> None:
    """C9."""
    lines = b"m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z00AKQ==,aO48gA==;\n"
    (media,) = parse_sdp(lines).media
    assert media.parameter_sets == (b"\x67\x4d\x00\x29", b"\x68\xee\x3c\x80")
    assert dict(media.fmtp).keys() == {"packetization-mode", "sprop-parameter-sets"}
