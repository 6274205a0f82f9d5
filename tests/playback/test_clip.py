"""A span as one file: any bytes of it are the same bytes, and ffprobe accepts it."""

from __future__ import annotations

import json
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from tests.playback.recorded import opened
from vms.base.errors import Kind, VmsError
from vms.owner.requests import Extent, GapSpan
from vms.playback.clip import clip_etag, plan_clip


def test_the_parts_of_a_clip_make_the_whole(day: tuple[Extent, ...]) -> None:
    clip = plan_clip(opened(day[:2]), "mp4")
    whole = b"".join(clip.read(0, clip.size))
    assert len(whole) == clip.size
    cuts = sorted(
        {0, 1, len(clip.header) - 1, len(clip.header), len(clip.header) + 1, clip.starts[1], clip.size // 2, clip.size - 1, clip.size}
    )
    parts = [b"".join(clip.read(a, b)) for a, b in pairwise(cuts)]
    assert b"".join(parts) == whole
    assert (clip.from_us, clip.to_us) == (day[0].start_us, day[1].end_us)


@pytest.mark.parametrize("container", ["mp4", "mov"])
def test_ffprobe_finds_all_of_it_and_sound_beside_the_picture(sounding: tuple[Extent, ...], tmp_path: Path, container: str) -> None:
    clip = plan_clip(opened(sounding), "mp4" if container == "mp4" else "mov")
    file = tmp_path / f"clip.{container}"
    file.write_bytes(b"".join(clip.read(0, clip.size)))
    command = ["ffprobe", "-v", "error", "-show_entries", "stream=codec_type,start_time,duration", "-of", "json", str(file)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert told.stderr == ""
    streams = {s["codec_type"]: s for s in json.loads(told.stdout)["streams"]}
    length_s = (clip.to_us - clip.from_us) / 1e6
    assert float(streams["video"]["duration"]) == pytest.approx(length_s, abs=0.2)
    assert float(streams["audio"]["duration"]) == pytest.approx(length_s, abs=0.5)
    assert abs(float(streams["audio"]["start_time"]) - float(streams["video"]["start_time"])) < 0.2


def test_the_etag_changes_with_the_bytes_alone(day: tuple[Extent, ...]) -> None:
    tag = clip_etag(opened(day), "mp4")
    assert tag == clip_etag(opened(day, GapSpan(1, 2, "power")), "mp4")
    assert tag != clip_etag(opened(day), "mov")
    grown = day[-1]._replace(gops=day[-1].gops[:-1])
    assert tag != clip_etag(opened((*day[:-1], grown)), "mp4")


def test_nothing_recorded_is_told_with_its_cause() -> None:
    with pytest.raises(VmsError) as refused:
        plan_clip(opened((), GapSpan(1, 2, "disk_full")), "mp4")
    assert refused.value.kind is Kind.NO_RECORDING
    assert refused.value.facts["cause"] == "disk_full"


def test_a_file_shorter_than_its_index_is_damage(day: tuple[Extent, ...], tmp_path: Path) -> None:
    short = tmp_path / "short.mp4"
    short.write_bytes(Path(day[0].path).read_bytes()[: day[0].gops[0][0] + 10])
    with pytest.raises(VmsError) as refused:
        plan_clip(opened((day[0]._replace(path=str(short)),)), "mp4")
    assert refused.value.kind is Kind.DAMAGED
