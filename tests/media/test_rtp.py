"""RTP and RTCP headers, order and time."""

from __future__ import annotations

from struct import pack

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.media.packetise import rtp
from vms.media.rtp import ReportBlock, SequenceReorder, build_rr, parse_rtcp, parse_rtp, plain_packet, unwrap


def test_csrcs_extension_and_padding_are_no_payload() -> None:
    packet = b"\xb2\xe0\0\5\0\0\0\7\0\0\0\x09" + bytes(8) + b"\xbe\xde\0\1abcd" + b"payload" + b"\0\0\3"
    header = parse_rtp(packet)
    assert header is not None
    assert (header.marker, header.payload_type, header.seq, header.timestamp, header.ssrc) == (True, 96, 5, 7, 9)
    assert plain_packet(packet, header) == rtp(b"payload", 5, 7, marker=True, ssrc=9)


@settings(max_examples=300)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_packet_or_none(data: bytes) -> None:
    for packet in (data, b"\xbf" + data):
        header = parse_rtp(packet)
        assert header is None or 12 <= header.start <= header.end <= len(packet)
        parse_rtcp(packet)


def test_timestamps_unwrap_both_ways() -> None:
    assert unwrap(5, 0xFFFFFFFB, 1000) == 1010
    assert unwrap(0xFFFFFFFB, 5, 1010) == 1000


def seqs(packets: list[bytes]) -> list[int]:
    return [int.from_bytes(packet[2:4], "big") for packet in packets]


@settings(max_examples=100)
@given(st.lists(st.integers(0, 20), min_size=2, max_size=200), st.integers(0, 65_535))
def test_packets_displaced_less_than_the_window_come_out_in_order(delays: list[int], first: int) -> None:
    numbered = [rtp(b"", first + n, 0) for n in range(len(delays) + 1)]
    moved = sorted(range(1, len(numbered)), key=lambda n: n + delays[n - 1])
    reorder = SequenceReorder(32)
    got = reorder.push([numbered[0], *[numbered[n] for n in moved]]) + reorder.flush()
    assert got == numbered


def test_a_hole_is_waited_for_no_longer_than_the_window() -> None:
    reorder = SequenceReorder(8)
    got = reorder.push([rtp(b"", n, 0) for n in range(12) if n != 3])
    assert seqs(got) == [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11]


def test_duplicates_are_dropped_and_a_restarted_count_is_followed() -> None:
    reorder = SequenceReorder(8)
    assert seqs(reorder.push([rtp(b"", n, 0) for n in (5, 6, 6, 5, 30_000, 30_001)])) == [5, 6, 30_000, 30_001]
    assert reorder.duplicates == 2


def test_a_sender_report_tells_wall_time() -> None:
    ntp = (2_208_988_800 + 1_700_000_000) << 32 | 1 << 31
    sr = pack(">BBHIQIII", 0x80, 200, 6, 77, ntp, 90_000, 3, 400)
    reports, gone = parse_rtcp(sr + pack(">BBHI", 0x81, 203, 1, 77))
    assert (reports[0].wall_us, reports[0].rtp, reports[0].ssrc) == (1_700_000_000_500_000, 90_000, 77)
    assert gone == [77]


def test_a_receiver_report_is_a_compound_packet_with_a_name() -> None:
    packet = build_rr(1, [ReportBlock(2, 3, 4, 5)], b"node")
    assert packet[:4] == b"\x81\xc9\0\7"
    assert packet[32:36] == b"\x81\xca\0\3"
    assert packet[36:] == b"\0\0\0\1\1\4node\0\0"
    assert len(packet) % 4 == 0
