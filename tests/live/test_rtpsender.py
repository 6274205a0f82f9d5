"""One viewer's packets: order, pace, repair, key frames again, and what a full queue loses."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vms.base.timespan import SECOND_US
from vms.live.rtpsender import (
    BURST_PACKETS,
    HISTORY_PACKETS,
    KEY_AGAIN_US,
    MAX_LAG_US,
    MAX_QUEUE_PACKETS,
    PACE_US,
    REPAIRS_PER_S,
    RtpSender,
    Track,
)
from vms.live.rtpstream import RtpFrame
from vms.media.rtp import RtpHeader, parse_rtp
from vms.media.types import Codec


class Wire:
    """Keeps what was sent; `open` is whether the socket takes anything."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.open = True

    def send(self, packet: bytes) -> bool:
        if self.open:
            self.packets.append(packet)
        return self.open

    def headers(self) -> list[RtpHeader]:
        return [header for packet in self.packets if (header := parse_rtp(packet)) is not None]

    def times(self) -> list[int]:
        return [header.timestamp for header in self.headers()]


def sender(seq: int = 10) -> tuple[RtpSender, Wire]:
    wire = Wire()
    return RtpSender(Track(Codec.H264, 102, 90_000, 7, seq), Track(Codec.PCMA, 8, 8000, 8, 500), wire.send), wire


def picture(number: int, *, key: bool = False, packets: int = 2) -> RtpFrame:
    return RtpFrame(Codec.H264, key, 3600 * number, tuple(bytes((number & 0xFF, n & 0xFF)) for n in range(packets)))


def drain(one: RtpSender, now_us: int) -> None:
    while one.pump(now_us):
        now_us += PACE_US


def test_a_picture_is_packets_of_one_time_and_the_last_has_the_marker() -> None:
    one, wire = sender(seq=0xFFFF)
    one.take(picture(1, key=True, packets=3), 0)
    assert [(h.seq, h.marker, h.payload_type, h.timestamp, h.ssrc) for h in wire.headers()] == [
        (0xFFFF, False, 102, 3600, 7),
        (0, False, 102, 3600, 7),
        (1, True, 102, 3600, 7),
    ]
    assert wire.packets[1][12:] == b"\x01\x01"


def test_nothing_is_shown_before_a_key_frame() -> None:
    one, wire = sender()
    one.take(picture(1), 0)
    one.take(picture(2, key=True), 0)
    one.skip()
    one.take(picture(3), 0)
    assert set(wire.times()) == {7200}
    assert one.dropped_frames == 2


def test_sound_goes_beside_the_pictures_if_it_is_of_the_agreed_codec() -> None:
    one, wire = sender()
    one.take(RtpFrame(Codec.PCMA, False, 160, (b"a",)), 0)
    one.take(RtpFrame(Codec.PCMU, False, 160, (b"u",)), 0)
    assert [(h.payload_type, h.ssrc, h.seq, h.marker) for h in wire.headers()] == [(8, 8, 500, False)]


def test_a_newcomer_gets_the_gop_at_a_pace_and_lives_in_the_present() -> None:
    one, wire = sender()
    gop = [picture(number, key=number == 1, packets=30) for number in range(1, 51)]
    one.catch_up(gop, 0)
    assert len(wire.packets) == BURST_PACKETS
    assert one.pump(PACE_US - 1)
    assert len(wire.packets) == BURST_PACKETS
    drain(one, PACE_US)
    one.take(picture(51), SECOND_US)
    times = sorted(set(wire.times()))
    assert times == [*range(50 * 3600 - 49, 50 * 3600 + 1), 51 * 3600]
    assert len(wire.packets) == 50 * 30 + 2


def test_a_pli_is_answered_with_the_gop_so_far_once_a_second() -> None:
    one, wire = sender()
    gop = [picture(1, key=True), picture(2)]
    one.catch_up(gop, 0)
    one.want_key(gop, KEY_AGAIN_US - 1)
    assert len(wire.packets) == 4
    one.want_key(gop, KEY_AGAIN_US)
    one.want_key(gop, KEY_AGAIN_US + 1)
    assert len(wire.packets) == 8
    one.take(picture(3), KEY_AGAIN_US + 2)
    times = wire.times()
    assert times == sorted(times)
    assert len(set(times)) == 5


def test_without_a_gop_the_next_key_frame_answers_a_pli() -> None:
    one, wire = sender()
    one.take(picture(1, key=True), 0)
    one.want_key([], KEY_AGAIN_US)
    one.take(picture(2), KEY_AGAIN_US)
    assert len(wire.packets) == 4


def test_what_was_lost_goes_again_as_it_was_while_it_is_remembered() -> None:
    one, wire = sender(seq=0)
    one.take(picture(1, key=True, packets=HISTORY_PACKETS + 1), 0)
    drain(one, 0)
    sent = list(wire.packets)
    one.repair([5, HISTORY_PACKETS, 0, 9_999], 0)
    assert wire.packets[len(sent) :] == [sent[5], sent[HISTORY_PACKETS]]


def test_a_key_frame_of_1080p_can_be_repaired_whole() -> None:
    """A key frame of 1 MB, ten times that of a 4 Mbit/s stream."""
    one, wire = sender(seq=65_000)
    packets = 1_000_000 // 1188
    one.take(picture(1, key=True, packets=packets), 0)
    drain(one, 0)
    sent = list(wire.packets)
    one.repair([(65_000 + n) & 0xFFFF for n in range(packets)], SECOND_US)
    assert wire.packets[len(sent) :] == sent


def test_repairs_are_bounded_by_the_second() -> None:
    one, wire = sender(seq=0)
    one.take(picture(1, key=True), 0)
    one.repair([0] * (REPAIRS_PER_S + 50), SECOND_US)
    assert len(wire.packets) == 2 + REPAIRS_PER_S
    one.repair([0], 2 * SECOND_US)
    assert len(wire.packets) == 3 + REPAIRS_PER_S


def test_a_viewer_that_lags_loses_up_to_the_next_key_frame_and_holds_little() -> None:
    one, wire = sender()
    one.take(picture(1, key=True), 0)
    wire.open = False
    for number in range(2, 60):
        one.take(picture(number), number * 40_000)
    assert len(one) <= 2 * (MAX_LAG_US // 40_000 + 2)
    wire.open = True
    one.take(picture(60), 60 * 40_000)
    one.take(picture(61, key=True), 61 * 40_000)
    drain(one, 61 * 40_000)
    assert set(wire.times()) == {3600, 61 * 3600}
    wire.open = False
    one.take(picture(62, packets=MAX_QUEUE_PACKETS), 62 * 40_000)
    one.take(picture(63, packets=2), 62 * 40_000)
    assert len(one) == 0


def test_reports_count_what_went_out() -> None:
    one, _ = sender()
    assert one.reports(0, "name") == []
    one.take(picture(1, key=True), 0)
    report = one.reports(1_700_000_000_000_000, "name")
    assert len(report) == 1
    assert report[0][20:28] == b"\0\0\0\x02\0\0\0\x04"


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 80), st.integers(0, 200_000), st.booleans()), max_size=60))
def test_times_only_grow_and_numbers_have_no_hole(steps: list[tuple[bool, int, int, bool]]) -> None:
    one, wire = sender()
    now_us, number, gop = 0, 0, list[RtpFrame]()
    for key, packets, after_us, pli in steps:
        now_us, number = now_us + after_us, number + 1
        frame = picture(number, key=key, packets=packets)
        gop = [frame] if key else [*gop, frame] if gop else []
        wire.open = after_us % 3 != 0
        one.take(frame, now_us)
        if pli:
            one.want_key(gop, now_us)
    wire.open = True
    drain(one, now_us)
    headers = wire.headers()
    assert [h.timestamp for h in headers] == sorted(h.timestamp for h in headers)
    assert [h.seq for h in headers] == [10 + n for n in range(len(headers))]
