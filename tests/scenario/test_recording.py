"""A camera is recorded: its newest frame soon on the timeline and in a clip, no frame lost or doubled at segment borders, and every
file decodes without a warning in readers that are not ours. One node records every kind of simulated camera at once.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Generator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.counterparts import ff
from tests.support.node import Node, now_us, serve, sim_cameras
from tests.support.wait import pass_time, wait_until
from vms.base.timespan import parse_time
from vms.sim.marks import Mark, find_marks, tally

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(240)]

KINDS = {"h264": 1, "alaw": 5, "aac": 6, "h265": 7, "bframes": 8, "slices": 9, "longgop": 10}
CHANGES = 20
Figure = Callable[[str, object], None]
SECOND = 1_000_000
# MP4 has no box for the channel layout of G.711; ffmpeg tells that it takes one channel for mono.
MONO = {"alaw": ("-guess_layout_max", "0")}


class Recorded:
    """The node, its cameras by kind, and since when all of them record."""

    def __init__(self, node: Node, cameras: dict[str, str], since_us: int) -> None:
        self.node, self.cameras, self.since_us = node, cameras, since_us

    def window(self) -> tuple[int, int]:
        """Ten settled seconds."""
        to_us = now_us() - 3 * SECOND
        return to_us - 10 * SECOND, to_us

    def wait_changes(self, kind: str = "h264") -> None:
        wait_until(f"{CHANGES} segment changes", lambda: len(self.node.files(self.cameras[kind])) > CHANGES + 1, 90)


@pytest.fixture(scope="module")
def recorded() -> Generator[Recorded]:
    with tempfile.TemporaryDirectory(prefix="vms-") as top, sim_cameras(Path(top), 10) as base, serve(Path(top) / "node") as node:
        cameras = {kind: node.add_camera(f"{base}/cam/{number}/main", name=kind) for kind, number in KINDS.items()}
        node.wait_recording(cameras.values())
        yield Recorded(node, cameras, now_us())
        assert node.stop() == 0
        assert node.bad_log_lines() == []


def newest_mark_us(data: bytes) -> int:
    return max(mark.wall_us for mark in find_marks(data))


def settled(marks: list[Mark]) -> list[Mark]:
    """Without the last half second: with B-frames a later picture comes before an earlier one."""
    end_us = max(mark.wall_us for mark in marks) - SECOND // 2
    return [mark for mark in marks if mark.wall_us < end_us]


def test_the_newest_frame_is_on_the_timeline_and_in_the_clip_within_two_seconds(recorded: Recorded, record_property: Figure) -> None:
    node, camera = recorded.node, recorded.cameras["h264"]
    pass_time(6)
    timeline_ages: list[int] = []
    clip_ages: list[int] = []
    for _ in range(20):
        pass_time(0.33)  # not in step with segments
        asked_us = now_us()
        line = node.timeline(camera, asked_us - 5 * SECOND, asked_us)
        assert not line.gaps, line
        timeline_ages.append(asked_us - max(end for _, end in line.recorded))
        asked_us = now_us()
        clip = node.clip(camera, asked_us - 5 * SECOND, asked_us)
        assert clip.status_code == 200
        clip_ages.append(asked_us - newest_mark_us(clip.content))
    told = {"timeline_ms": max(timeline_ages) // 1000, "clip_ms": max(clip_ages) // 1000}
    record_property("newest_frame", str(told))
    assert max(clip_ages) <= 2 * SECOND, told
    assert max(timeline_ages) <= 2 * SECOND + 100_000, told


def test_recorded_and_gaps_are_the_window(recorded: Recorded) -> None:
    for camera in recorded.cameras.values():
        line = recorded.node.timeline(camera, recorded.since_us - 60 * SECOND, now_us())
        assert line.is_exact(), line
        assert len(line.recorded) == 1, line
        causes = [cause for _, _, cause in line.gaps]
        # A camera that begins with the GOP so far is recorded from before its registration on: nothing lies between.
        assert causes in (["not_registered"], ["not_registered", "camera_offline"]), line


@pytest.mark.parametrize("kind", KINDS)
def test_a_clip_holds_every_frame_and_decodes_without_a_warning(recorded: Recorded, kind: str, tmp_path: Path) -> None:
    pass_time(max(0.0, (recorded.since_us + 15 * SECOND - now_us()) / SECOND))
    from_us, to_us = recorded.window()
    container = "mov" if kind == "alaw" else "mp4"
    answer = recorded.node.clip(recorded.cameras[kind], from_us, to_us, container)
    assert answer.status_code == 200, answer.text[:300]
    path = tmp_path / f"clip.{container}"
    path.write_bytes(answer.content)
    streams = {stream["codec_type"]: stream["codec_name"] for stream in ff.probe(path)["streams"]}
    ff.decode(path, *MONO.get(kind, ()))
    found = tally(find_marks(answer.content))
    assert (found.missing, found.doubled) == (0, 0), found
    assert len(ff.packets(path)) == found.frames
    assert found.frames >= 10 * 24
    assert streams["video"] == ("hevc" if kind == "h265" else "h264")
    assert streams.get("audio") == {"alaw": "pcm_alaw", "aac": "aac"}.get(kind)
    clip_from = parse_time(answer.headers["Clip-From"])
    assert clip_from <= from_us
    assert parse_time(answer.headers["Clip-To"]) >= to_us


@pytest.mark.parametrize("kind", KINDS)
def test_no_frame_is_missing_or_doubled_over_twenty_segment_changes(recorded: Recorded, kind: str) -> None:
    recorded.wait_changes()
    camera = recorded.cameras[kind]
    found = tally(settled(recorded.node.marks(camera)))
    assert (found.missing, found.doubled) == (0, 0), found
    line = recorded.node.timeline(camera, recorded.since_us, now_us())
    assert not line.gaps, line


def test_packet_times_go_on_over_segment_borders(recorded: Recorded, tmp_path: Path) -> None:
    """ffprobe reads the files of one run one after the other: decode times grow by one frame everywhere."""
    recorded.wait_changes()
    for kind in ("h264", "bframes", "h265"):
        times = [packet["dts"] for path in recorded.node.files(recorded.cameras[kind])[:-1] for packet in ff.packets(path)]
        steps = {later - earlier for earlier, later in pairwise(times)}
        assert all(3400 <= step <= 3800 for step in steps), (kind, sorted(steps)[:3], sorted(steps)[-3:])


@pytest.mark.parametrize("kind", KINDS)
def test_every_closed_segment_file_decodes_without_a_warning(recorded: Recorded, kind: str) -> None:
    recorded.wait_changes()
    for path in recorded.node.files(recorded.cameras[kind])[:-1][:4]:
        ff.decode(path, *MONO.get(kind, ()))
