"""Recorded segments before judges that are not ours: ffprobe and ffmpeg read them without a warning, borders lose no frame."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from tests.media import fftools
from tests.media.streams import aac_track_frames, g711_track_frames, h264_track_frames, h265_track_frames
from tests.record.chunks import T0_US
from vms.base.clock import SystemClock
from vms.media.cmaf import Chunker, make_init, split_gops
from vms.media.types import Chunk, Frame, TrackInfo
from vms.record.reports import SegmentReport
from vms.record.seed import Seeder
from vms.storage.files import RealFiles
from vms.storage.volumes import open_volume
from vms.stream.stream import Begin

Track = tuple[TrackInfo, list[Frame]]
ROUNDS = 22


def chunks_of(info: TrackInfo, frames: list[Frame], rounds: int) -> list[Chunk]:
    """The frames again and again in one run, five to a chunk, as a worker makes them."""
    chunker, made = Chunker(info), list[Chunk]()
    length = frames[-1].dts + frames[-1].duration - frames[0].dts
    for turn in range(rounds):
        shift = turn * length
        for gop in split_gops(frames):
            late = [f._replace(dts=f.dts + shift, pts=f.pts + shift) for f in gop]
            for at in range(0, len(late), 5):
                made.append(chunker.chunk(late[at : at + 5], T0_US + late[at].pts * 1_000_000 // info.timescale))
    return made


def recorded(folder: Path, *tracks: Track) -> list[SegmentReport]:
    seeder = Seeder(open_volume(str(folder), "node-1", RealFiles(), create=True), SystemClock(), segment_us=1)
    chunks = [chunk for info, frames in tracks for chunk in chunks_of(info, frames, ROUNDS)]
    chunks.sort(key=lambda chunk: chunk.wall_us)
    seeder.add("camera-1", "main", Begin("run-1", tuple(make_init(info) for info, _ in tracks), T0_US), chunks)
    return seeder.finish()


@pytest.mark.parametrize("track", [h264_track_frames, h265_track_frames])
def test_borders_of_more_than_twenty_segments_lose_and_double_no_frame(tmp_path: Path, track: object) -> None:
    info, frames = h264_track_frames() if track is h264_track_frames else h265_track_frames()
    reports = recorded(tmp_path, (info, frames))
    assert len(reports) >= 21
    whole = tmp_path / "whole.mp4"
    files = [(tmp_path / r.path).read_bytes() for r in reports]
    whole.write_bytes(files[0] + b"".join(data[r.init_size :] for data, r in zip(files[1:], reports[1:], strict=True)))
    found = sorted(int(p["pts"]) for p in fftools.packets(whole))
    assert len(found) == ROUNDS * len(frames)
    steps = {b - a for a, b in pairwise(found)}
    assert steps == {3600}


@pytest.mark.parametrize("sound", [aac_track_frames, g711_track_frames])
def test_each_segment_alone_is_decoded_without_a_warning(tmp_path: Path, sound: object) -> None:
    reports = recorded(tmp_path, h264_track_frames(), aac_track_frames() if sound is aac_track_frames else g711_track_frames())
    decoded = sum(fftools.decode(tmp_path / report.path) for report in reports[:4])
    assert decoded == sum(len(gop) for gop in _gops(4))
    assert fftools.packets(tmp_path / reports[1].path, "a:0")


def _gops(count: int) -> list[list[Frame]]:
    gops = [list(gop) for gop in split_gops(h264_track_frames()[1])]
    return (gops * count)[:count]
