"""One track to one client: when it loses, what it loses, and what faults do to it. No sockets."""

from __future__ import annotations

import itertools

from vms.media.rtp import parse_rtp
from vms.sim.camera import CameraStream, Stats
from vms.sim.clips import load_clips
from vms.sim.faults import Fault, Wrong
from vms.sim.feed import Feed
from vms.sim.marks import find_marks, tally
from vms.sim.session import TrackSender

START_US = 29_800_000 * 60_000_000 + 10_000_000
CLIPS = load_clips(["crossing", "crossing-sub", "h265"])


class FakeOutlet:
    paced = False

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.raw: list[bytes] = []
        self.is_full = False

    def full(self) -> bool:
        return self.is_full

    def send(self, feed: Feed, index: int) -> int:
        return self.send_packets(feed.packets(index))

    def send_packets(self, packets: list[bytes]) -> int:
        self.sent += packets
        return sum(map(len, packets))

    def send_report(self, report: bytes) -> None: ...
    def close(self) -> None: ...

    def send_raw(self, data: bytes) -> None:
        self.raw.append(data)


class Playing:
    def __init__(self, *faults: Fault) -> None:
        self.stream = CameraStream(1, "main", CLIPS["crossing"], others=CLIPS, faults=faults, started_us=START_US)
        self.outlet, self.stats, self.given_up = FakeOutlet(), Stats(), False
        self.now_us = START_US
        feed = self.stream.feeds(START_US)[0]
        self.sender = TrackSender(self.stream, feed, self.outlet, stats=self.stats, start_us=START_US, give_up=self._give_up)

    def go(self, seconds: float) -> list[bytes]:
        """Let time pass in steps of 20 ms; what was sent meanwhile."""
        before, end = len(self.outlet.sent), self.now_us + round(seconds * 1_000_000)
        while self.now_us < end:
            self.now_us += 20_000
            self.sender.fire(self.now_us)
        return self.outlet.sent[before:]

    def _give_up(self) -> None:
        self.given_up = True
        self.sender.close()


def lost(packets: list[bytes]) -> int:
    headers = [header for header in map(parse_rtp, packets) if header is not None]
    return sum((after.seq - before.seq - 1) & 0xFFFF for before, after in itertools.pairwise(headers))


def test_a_client_that_does_not_read_loses_whole_pictures_up_to_a_key_frame() -> None:
    playing = Playing()
    playing.go(1)
    playing.outlet.is_full = True
    assert playing.go(2) == []
    playing.outlet.is_full = False
    packets = playing.go(3)
    assert packets[0][12] & 0x1F == 24
    result = tally(find_marks(b"".join(playing.outlet.sent)))
    assert (result.missing, result.doubled) == (playing.stats.dropped_frames, 0)
    assert 50 <= result.missing <= 100


def test_a_stall_is_silence_and_then_the_present() -> None:
    playing = Playing(Fault(Wrong.STALL, after_s=1, every_s=100, for_s=2))
    playing.go(1)
    assert playing.go(1.9) == []
    after = find_marks(b"".join(playing.go(1)))
    assert after[0].wall_us >= START_US + 2_900_000


def test_loss_takes_about_its_share_and_the_same_each_time() -> None:
    takes = [Playing(Fault(Wrong.LOSS, percent=10)).go(10) for _ in range(2)]
    assert takes[0] == takes[1]
    assert 0.06 < lost(takes[0]) / len(takes[0]) < 0.14


def test_garbage_comes_once_each_time() -> None:
    playing = Playing(Fault(Wrong.GARBAGE, every_s=2, for_s=1, bytes=500))
    playing.go(7)
    assert [len(data) for data in playing.outlet.raw] == [500] * 3


def test_a_time_jump_moves_rtp_time_and_nothing_else() -> None:
    playing = Playing(Fault(Wrong.TIME_JUMP, after_s=1, by_s=-10))
    headers = [header for header in map(parse_rtp, playing.go(2)) if header is not None]
    steps = [(after.timestamp - before.timestamp) & 0xFFFFFFFF for before, after in itertools.pairwise(headers)]
    assert [step for step in steps if step not in (0, 3600)] == [(3600 - 900_000) & 0xFFFFFFFF]
    assert lost(playing.outlet.sent) == 0


def test_a_new_size_begins_with_its_key_frame_and_loses_no_packet() -> None:
    playing = Playing(Fault(Wrong.CHANGE, after_s=1, clip="crossing-sub"))
    playing.go(4)
    assert lost(playing.outlet.sent) == 0
    sets = [packet for packet in playing.outlet.sent if packet[12] & 0x1F == 24]
    assert len({packet[12:] for packet in sets}) == 2
    assert not playing.given_up


def test_a_new_codec_hangs_up() -> None:
    playing = Playing(Fault(Wrong.CHANGE, after_s=1, clip="h265"))
    playing.go(2)
    assert playing.given_up
