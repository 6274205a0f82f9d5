"""The demo's past: chunks without a hole, sound beside the picture; what the demo keeps is private."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from vms.demo.options import Kept, load_kept, save_kept
from vms.demo.past import PastCamera, PastJob, past_of
from vms.media.types import AUDIO_TRACK, VIDEO_TRACK

T0_US = 1_700_000_000_000_000


def test_chunks_follow_each_other_and_sound_lies_beside_the_picture() -> None:
    begin, chunks = past_of(PastCamera("cam", 3, "aac"), T0_US, T0_US + 14_000_000)
    found = list(chunks)
    by_track = {track: [chunk for chunk in found if chunk.track == track] for track in (VIDEO_TRACK, AUDIO_TRACK)}
    timescales = {init.info.track: init.info.timescale for init in begin.inits}
    assert begin.wall_us >= T0_US
    for track, of_track in by_track.items():
        assert len(of_track) > 2
        for a, b in pairwise(of_track):
            assert b.media == a.media + a.duration
            assert abs((b.wall_us - a.wall_us) - a.duration * 1_000_000 // timescales[track]) < 50_000
    for chunk in by_track[VIDEO_TRACK] + by_track[AUDIO_TRACK]:
        assert abs(chunk.wall_us - begin.wall_us - chunk.media * 1_000_000 // timescales[chunk.track]) < 100_000
    assert all(chunk.key for chunk in by_track[VIDEO_TRACK])


def test_a_job_and_what_is_kept_survive_their_files(tmp_path: Path) -> None:
    job = PastJob("/v", "node", 60.0, 1, 2, (PastCamera("c", 1, "gate"),))
    job.save(tmp_path / "job.json")
    assert PastJob.load(tmp_path / "job.json") == job
    assert load_kept(tmp_path / "kept.json") is None
    for kept in (Kept(8554, {"1": "c"}, (1, 2)), Kept(8554, {"1": "c"})):
        save_kept(tmp_path / "kept.json", kept)
        assert load_kept(tmp_path / "kept.json") == kept
    assert (tmp_path / "kept.json").stat().st_mode & 0o777 == 0o600
