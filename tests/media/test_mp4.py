"""Recorded pieces as one progressive file, judged by ffprobe and ffmpeg."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.media import fftools
from tests.media.streams import aac_track_frames, g711_track_frames, h264_slices_track_frames, h264_track_frames, h265_track_frames
from vms.base.errors import Kind, VmsError
from vms.media.boxes import split_chunks
from vms.media.cmaf import Chunker, make_file_init, split_gops
from vms.media.isobox import box
from vms.media.mp4 import Brand, Piece, Progressive, plan_progressive
from vms.media.types import Frame, TrackInfo

START_US = 1_700_000_000_000_000
Track = tuple[TrackInfo, list[Frame]]


class Files:
    """Segment files in memory, cut into pieces as the recorder's GOP table would."""

    def __init__(self) -> None:
        self.bytes: list[bytes] = []
        self.pieces: list[Piece] = []

    def record(self, *tracks: Track, start_us: int, media: int = 0) -> None:
        """A segment of one run whose media time starts at `media` (seconds); a GOP a piece, sound with its picture."""
        init = make_file_init([info for info, _ in tracks])
        data = init
        chunkers = [Chunker(info) for info, _ in tracks]
        video_info, video = tracks[0]
        taken = [0] * len(tracks)
        for gop in split_gops(video):
            begin = len(data)
            end_s = (gop[-1].dts + gop[-1].duration) / video_info.timescale
            for index, (info, frames) in enumerate(tracks):
                until = sum(1 for frame in frames if frame.dts / info.timescale < end_s)
                part = gop if index == 0 else frames[taken[index] : until]
                taken[index] = until
                shift = media * info.timescale + (0 if info.is_video else video[0].pts * info.timescale // 90_000)
                late = [f._replace(dts=f.dts + shift, pts=f.pts + shift) for f in part]
                for at in range(0, len(late), 7):
                    data += chunkers[index].chunk(late[at : at + 7], 0).data
            data += box(b"uuid", bytes(48))
            at_us = start_us + gop[0].dts * 1_000_000 // video_info.timescale
            self.pieces.append(Piece(len(self.bytes), begin, tuple(split_chunks(data[begin:])), init, at_us))
        self.bytes.append(data)

    def written(self, folder: Path, brand: Brand) -> tuple[Path, Progressive]:
        plan = plan_progressive(self.pieces, brand=brand)
        path = folder / f"clip.{brand}"
        path.write_bytes(plan.header + b"".join(self.bytes[source][at : at + size] for source, at, size in plan.ranges))
        assert path.stat().st_size == plan.size
        return path, plan


def seconds(path: Path, stream: str = "v:0") -> list[float]:
    return [float(p["pts_time"]) for p in fftools.packets(path, stream)]


@pytest.mark.parametrize("brand", ["mp4", "mov"])
def test_one_run_across_two_files_plays_without_a_seam(brand: Brand, tmp_path: Path) -> None:
    files = Files()
    files.record(h264_track_frames(), aac_track_frames(), start_us=START_US)
    files.record(h264_track_frames(), aac_track_frames(), start_us=START_US + 2_000_000, media=2)
    path, plan = files.written(tmp_path, brand)
    assert sorted(seconds(path)) == pytest.approx([n / 25 for n in range(100)], abs=1e-5)
    assert fftools.decode(path) == 100
    assert fftools.decode(path, "a:0") == 63  # 2 s of sound twice; the frame that laps over the seam has no place
    assert plan.header[plan.header.index(b"moov") - 4 :].index(b"mdat") > 0


def test_media_bytes_are_those_of_the_files(tmp_path: Path) -> None:
    files = Files()
    files.record(h264_slices_track_frames(), start_us=START_US)
    _, plan = files.written(tmp_path, "mp4")
    media = b"".join(files.bytes[source][at : at + size] for source, at, size in plan.ranges)
    assert media == b"".join(frame.data for frame in h264_slices_track_frames()[1])


def test_a_hole_between_runs_keeps_wall_time(tmp_path: Path) -> None:
    files = Files()
    files.record(h264_track_frames(), aac_track_frames(), start_us=START_US)
    files.record(h264_track_frames(), aac_track_frames(), start_us=START_US + 10_000_000)
    path, _ = files.written(tmp_path, "mp4")
    for stream in ("v:0", "a:0"):
        times = sorted(seconds(path, stream))
        later = [at for at in times if at > 5]
        assert later[0] == pytest.approx(10, abs=0.001)
        assert len(later) * 2 == len(times)
        fftools.decode(path, stream)


def test_a_new_configuration_becomes_another_sample_description(tmp_path: Path) -> None:
    files = Files()
    files.record(h264_track_frames(), start_us=START_US)
    files.record(h264_slices_track_frames(), start_us=START_US + 3_000_000)
    path, plan = files.written(tmp_path, "mp4")
    assert plan.header.count(b"avcC") == 2
    alone = Files()
    alone.record(h264_slices_track_frames(), start_us=START_US)
    assert fftools.pictures(path)[50:] == fftools.pictures(alone.written(tmp_path, "mov")[0])


def test_another_codec_becomes_another_track(tmp_path: Path) -> None:
    files = Files()
    files.record(h264_track_frames(), start_us=START_US)
    files.record(h265_track_frames(), start_us=START_US + 3_000_000)
    path, _ = files.written(tmp_path, "mp4")
    assert (fftools.decode(path, "v:0"), fftools.decode(path, "v:1")) == (50, 50)
    assert min(seconds(path, "v:1")) == pytest.approx(3, abs=0.001)


def test_g711_stays_out_of_mp4_and_is_exact_in_mov(tmp_path: Path) -> None:
    files = Files()
    files.record(h264_track_frames(), g711_track_frames(), start_us=START_US)
    path, _ = files.written(tmp_path, "mp4")
    assert len(fftools.ffprobe(path, "-show_streams")["streams"]) == 1
    path, _ = files.written(tmp_path, "mov")
    stream = fftools.ffprobe(path, "-show_streams", "-select_streams", "a")["streams"][0]
    assert (stream["codec_name"], stream["sample_rate"]) == ("pcm_alaw", "8000")
    assert float(stream["duration"]) == pytest.approx(2, abs=0.05)
    assert sum(int(p["size"]) for p in fftools.packets(path, "a:0")) == sum(len(f.data) for f in g711_track_frames()[1])
    fftools.decode(path, "a:0")


def test_g711_with_a_hole_stays_in_time(tmp_path: Path) -> None:
    files = Files()
    files.record(h264_track_frames(), g711_track_frames(), start_us=START_US)
    files.record(h264_track_frames(), g711_track_frames(), start_us=START_US + 10_000_000)
    path, _ = files.written(tmp_path, "mov")
    later = [at for at in seconds(path, "a:0") if at > 5]
    assert later[0] == pytest.approx(10, abs=0.001)
    fftools.decode(path, "a:0")


def test_nothing_to_play_is_a_typed_error() -> None:
    with pytest.raises(VmsError) as caught:
        plan_progressive([], brand="mp4")
    assert caught.value.kind is Kind.NO_RECORDING


def test_pieces_are_whole_gops() -> None:
    files = Files()
    files.record(h264_track_frames(), start_us=START_US)
    assert [piece.chunks[0].key for piece in files.pieces] == [True, True]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_damaged_pieces_give_one_typed_error(data: st.DataObject) -> None:
    files = Files()
    files.record(h264_track_frames(), g711_track_frames(), start_us=START_US)
    piece = files.pieces[0]
    cut = bytearray(files.bytes[0][piece.offset : files.pieces[1].offset])
    for _ in range(data.draw(st.integers(1, 8))):
        cut[data.draw(st.integers(0, 400))] = data.draw(st.integers(0, 255))
    try:
        chunks = tuple(split_chunks(bytes(cut)))
        plan = plan_progressive([Piece(0, piece.offset, chunks, piece.init, START_US), files.pieces[1]], brand="mov")
    except VmsError:
        return
    assert plan.size == len(plan.header) + sum(size for _, _, size in plan.ranges)
