"""RTCP of a sender: golden reports, and what receivers ask for."""

from __future__ import annotations

from struct import pack

from hypothesis import given
from hypothesis import strategies as st

from vms.media.rtp import parse_rtcp
from vms.webrtc.rtcp import MAX_LOST, Asked, goodbye, parse_feedback, sender_report

US = 0x11223344
RR = bytes.fromhex("80c90001 00000001".replace(" ", ""))


def feedback(kind: int, fmt: int, body: bytes = b"", media: int = US) -> bytes:
    return pack(">BBHII", 0x80 | fmt, kind, 2 + len(body) // 4, 1, media) + body


def test_a_nack_names_a_packet_and_the_sixteen_behind_it() -> None:
    """RFC 4585 §6.2.1, across the wrap."""
    assert parse_feedback(RR + feedback(205, 1, pack(">HH", 0xFFFE, 0b101)), US) == Asked((0xFFFE, 0xFFFF, 1), False)


def test_pli_and_fir_want_a_key_frame() -> None:
    """RFC 4585 §6.3.1 names the stream in its header, RFC 5104 §4.3.1 in its entry."""
    assert parse_feedback(feedback(206, 1), US).key
    assert parse_feedback(feedback(206, 4, pack(">IBxxx", US, 7), media=0), US).key


def test_what_is_meant_for_another_stream_asks_for_nothing() -> None:
    packet = feedback(205, 1, pack(">HH", 5, 0), media=9) + feedback(206, 1, media=9) + feedback(206, 4, pack(">IBxxx", 9, 7), media=0)
    assert parse_feedback(packet, US) == Asked((), False)


def test_one_packet_asks_for_a_bounded_number() -> None:
    assert len(parse_feedback(feedback(205, 1, pack(">HH", 5, 0xFFFF) * 300), US).lost) == MAX_LOST


@given(st.binary(max_size=400))
def test_no_bytes_raise(packet: bytes) -> None:
    parse_feedback(packet, US)
    parse_feedback(feedback(205, 1) + packet, US)


def test_a_sender_report_gives_the_wall_time_of_an_rtp_time() -> None:
    """RFC 3550 §6.4.1 and §6.5; read back by our own reader of cameras' reports."""
    packet = sender_report(US, (1_700_000_000_500_000, 0x1_0000_0007), (3, 400), "abc")
    assert packet[28:] == bytes.fromhex("81ca0003 11223344 0103 616263 000000".replace(" ", ""))
    reports, gone = parse_rtcp(packet + goodbye(US))
    assert (reports[0].ssrc, reports[0].rtp, reports[0].packets, reports[0].octets) == (US, 7, 3, 400)
    assert abs(reports[0].wall_us - 1_700_000_000_500_000) <= 1
    assert gone == [US]
