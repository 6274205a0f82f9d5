"""The extension of replayed packets: bytes of a real device, and everything that is none of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vms.base.timespan import parse_time
from vms.media.replay import ReplayMark, make_mark, parse_mark
from vms.media.rtp import parse_rtp

# The head of a packet that a recorder sent to a client of Managed Media Aggregation (net7mma, Tests/Program.cs,
# TestRtpPacket, "TestOnvifRTPExtensionHeader"): the only recorded exchange of Profile G that public sources hold.
RECORDED = bytes.fromhex("90609463 0D1960C9 A6201344 ABAC0003 D4BB8A43 FE7AC81E 00D30000 5C819BC0 1C02388E 2BC00109")


def test_a_recorded_packet_says_when_its_picture_was_taken() -> None:
    mark = parse_mark(RECORDED)
    assert mark == ReplayMark(parse_time("2013-02-05T13:40:19.994061Z"), clean=False, end=False, discontinuity=False, cseq=0xD3)
    header = parse_rtp(RECORDED)
    assert header is not None
    assert RECORDED[header.start :][:4].hex() == "5c819bc0"


def test_the_flags_stand_where_the_specification_has_them() -> None:
    """ONVIF Streaming Specification clause 6.3: C, E, D are the highest three bits behind the NTP time."""
    told = {bits: parse_mark(RECORDED[:24] + bytes([bits]) + RECORDED[25:]) for bits in (0x80, 0x40, 0x20)}
    assert [(m.clean, m.end, m.discontinuity) for m in told.values() if m] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]


@given(st.integers(0, 2_085_978_495_999_999), st.booleans(), st.booleans(), st.booleans(), st.integers(0, 255))
def test_what_is_made_is_read(wall_us: int, clean: bool, end: bool, discontinuity: bool, cseq: int) -> None:
    """Up to 2036, when NTP time begins anew, as in sender reports."""
    mark = ReplayMark(wall_us, clean, end, discontinuity, cseq)
    assert parse_mark(RECORDED[:12] + make_mark(mark) + RECORDED[28:]) == mark


def test_packets_without_it_say_nothing() -> None:
    plain = bytes([0x80]) + RECORDED[1:12] + RECORDED[28:]
    other = RECORDED[:12] + b"\xbe\xde" + RECORDED[14:]
    short = RECORDED[:14] + b"\x00\x02" + RECORDED[16:]
    for packet in (plain, other, short, RECORDED[:20], b"", RECORDED[:12]):
        assert parse_mark(packet) is None


@given(st.binary(max_size=64))
def test_no_bytes_raise(data: bytes) -> None:
    parse_mark(data)
