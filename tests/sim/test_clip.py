"""The committed clips: what the manifest says of them is true, and they load into loops."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from vms.base.errors import VmsError
from vms.media.types import VIDEO_TRACK, Codec
from vms.sim.cameras import demo_cameras
from vms.sim.clip import load_clip
from vms.sim.clips import CLIPS_DIR, clip_names, load_clips
from vms.sim.marks import find_marks, tally
from vms.sim.past import ClipFrames

FOOTAGE = Path(__file__).parents[3] / "shared" / "footage"
ENTRIES = json.loads((CLIPS_DIR / "manifest.json").read_text())["clips"]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["name"])
def test_a_clip_is_what_its_entry_says(entry: dict[str, int | str | None]) -> None:
    data = (CLIPS_DIR / str(entry["file"])).read_bytes()
    assert hashlib.sha256(data).hexdigest() == entry["sha256"]
    clip = load_clips([str(entry["name"])])[str(entry["name"])]
    video = clip.video
    assert (video.codec, video.width, video.height) == (entry["codec"], entry["width"], entry["height"])
    assert (video.duration, round(video.fps, 6)) == (60 * 90_000, entry["fps"])
    keys = [i for i, unit in enumerate(video.units) if unit.key]
    gop = int(entry["gop_frames"] or 0)
    assert keys == list(range(0, len(video.units), gop))
    assert (video.delay > 0) == bool(entry["b_frames"])
    assert {"pcm_alaw": Codec.PCMA, "aac": Codec.AAC}.get(str(entry["audio"])) == (clip.audio and clip.audio.codec)


def test_sound_joins_without_a_seam() -> None:
    clips = load_clips(["alaw", "aac"])
    for name, samples in (("alaw", 320), ("aac", 1024)):
        audio = clips[name].audio
        assert audio is not None
        assert [unit.pts for unit in audio.units] == list(range(0, audio.duration, samples))


def test_all_clips_together_stay_small() -> None:
    assert sum(int(entry["bytes"]) for entry in ENTRIES) < 12_000_000


def test_each_demo_camera_has_its_clips() -> None:
    cameras = demo_cameras(20)
    assert {name for camera in cameras for name in (camera.clip, camera.sub_clip)} <= set(clip_names())
    assert sum(camera.locked for camera in cameras) == 1
    assert len({camera.name for camera in cameras}) == 20


def test_a_file_that_is_no_clip_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_bytes(b"nothing of the kind")
    with pytest.raises(VmsError, match="cannot be read"):
        load_clip(tmp_path / "x.mp4")
    with pytest.raises(VmsError, match="no clip 'y'"):
        load_clips(["y"])


@pytest.mark.skipif(not FOOTAGE.is_dir(), reason="the real footage is not beside the repository")
@pytest.mark.parametrize("path", sorted(FOOTAGE.glob("*.mp4")), ids=lambda path: path.stem)
def test_real_footage_plays_round_and_round(path: Path) -> None:
    frames = ClipFrames(load_clip(path), 1)
    loop = frames.clip.video
    units = list(frames.units(0, 3 * loop.duration * 100 // 9))
    marks = find_marks(b"".join(unit.data for track, unit, _ in units if track == VIDEO_TRACK))
    assert len(marks) > 2 * len(loop.units)
    assert tally(marks)[1:] == (0, 0)
    assert frames.infos()[0].width == loop.width
