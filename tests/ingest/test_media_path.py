"""Packets to chunks without sockets: where runs begin, where chunks end."""

from __future__ import annotations

from itertools import count

from tests.ingest.listener import Listener
from tests.media.packetise import Sender, units_of
from vms.ingest.media_path import HOLD_US, Arrival, MediaPath
from vms.media.types import Chunk
from vms.rtsp.client import Track
from vms.rtsp.sdp import Media
from vms.rtsp.transport import Transport
from vms.stream.stream import Begin, Gap, Stream

NOW = Arrival(1_700_000_000_000_000, 1)
VIDEO = Track(Media("video", 96, "h264", 90_000, 1, {}, ""), "", Transport("tcp", (0, 1)))
SLICES, B_FRAMES = units_of("h264_four_slices.h264"), units_of("h264_b_frames.h264")


class Path:
    def __init__(self, *, live: bool = False) -> None:
        self.heard = Listener()
        stream = Stream()
        stream.attach(self.heard, 1)
        runs = count(1)
        self.path = MediaPath((VIDEO,), stream, lambda _us: f"run {next(runs)}", ordered=True)
        self.path.live = live
        self.sender = Sender(limit=1400)
        self.clock_90k = 0

    def packets(self, units: list[list[bytes]]) -> list[bytes]:
        packets: list[bytes] = []
        for unit in units:
            packets += self.sender.unit(unit, self.clock_90k)
            self.clock_90k += 3600
        return packets

    def push(self, packets: list[bytes]) -> None:
        """One read, then the time that a run which begins with a burst waits."""
        self.path.video(packets, NOW)
        self.path.release(Arrival(NOW.wall_us + HOLD_US, NOW.mono_us + HOLD_US))

    def chunks(self) -> list[Chunk]:
        return self.heard.chunks(1)


def test_one_read_over_three_gops_makes_a_chunk_for_each() -> None:
    path = Path()
    path.push(path.packets(SLICES + SLICES[:10]))
    assert [(c.key, c.frames) for c in path.chunks()][:2] == [(True, 25), (True, 25)]
    assert [c.media for c in path.chunks()] == [0, 90_000, 180_000]


def test_pictures_before_the_first_key_frame_are_left_out() -> None:
    path = Path()
    path.push(path.packets(SLICES[20:30]))
    path.push(path.packets(SLICES[30:40]))
    assert isinstance(path.heard.items[0], Begin)
    assert path.chunks()[0].key
    assert path.chunks()[0].media == 0


def test_new_parameter_sets_begin_a_new_run_at_zero() -> None:
    path = Path()
    path.push(path.packets(SLICES[:25] + B_FRAMES[:25]))
    path.push(path.packets(B_FRAMES[25:50]))
    first, second = path.heard.of(Begin)
    assert (first.run, second.run) == ("run 1", "run 2")
    assert first.inits[0].info.sample_entry != second.inits[0].info.sample_entry
    at = path.heard.items.index(second)
    later = [item for item in path.heard.items[at + 1 :] if isinstance(item, Chunk)]
    assert (later[0].media, later[0].seq, later[0].key) == (0, 1, True)


def test_loss_within_the_very_first_read_is_told() -> None:
    path = Path()
    packets = path.packets(SLICES)
    path.push([p for at, p in enumerate(packets) if at != 40])
    kinds = [type(item) for item in path.heard.items]
    assert kinds == [Begin, Chunk, Gap, Chunk]
    assert path.path.figures.losses == 1
    assert path.chunks()[1].key


def test_clock_that_jumps_back_begins_a_new_run() -> None:
    path = Path(live=True)
    path.clock_90k = 90_000 * 1000
    path.push(path.packets(SLICES[:25]))
    path.clock_90k = 0
    path.push(path.packets(SLICES[25:]))
    assert [begin.run for begin in path.heard.of(Begin)] == ["run 1", "run 2"]
    assert path.heard.of(Gap) == []


def test_foreign_bytes_disturb_nothing() -> None:
    path = Path()
    packets = path.packets(SLICES)
    path.push([b"", b"\x80", b"\xff" * 40, *packets[:50], b"\x00" * 12, *packets[50:]])
    assert sum(c.frames for c in path.chunks()) >= 49
    assert path.heard.of(Gap) == []


def test_a_run_that_begins_with_a_burst_lies_in_the_past_not_in_the_future() -> None:
    path = Path()
    packets = path.packets(SLICES)  # two seconds of pictures, read at once
    path.path.video(packets, NOW)
    assert path.chunks() == []
    path.path.release(Arrival(NOW.wall_us + HOLD_US, NOW.mono_us + HOLD_US))
    last = path.chunks()[-1]
    assert last.wall_us + last.duration * 1_000_000 // 90_000 <= NOW.wall_us + 80_000
    assert path.chunks()[0].wall_us < NOW.wall_us - 1_000_000


def test_a_run_in_step_begins_without_waiting() -> None:
    path = Path()
    for turn in range(3):
        arrival = Arrival(NOW.wall_us + turn * 40_000, NOW.mono_us + turn * 40_000)
        path.path.video(path.packets(SLICES[turn : turn + 1]), arrival)
    assert path.chunks()[0].wall_us == NOW.wall_us
