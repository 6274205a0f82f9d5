"""Inits and Chunks, judged by ffprobe and ffmpeg."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.media import fftools
from tests.media.streams import aac_track_frames, g711_track_frames, h264_slices_track_frames, h264_track_frames, h265_track_frames
from vms.media.cmaf import Chunker, make_file_init, make_init, split_gops
from vms.media.types import Chunk, Frame, TrackInfo


def test_ffmpeg_decodes_init_and_chunks_without_a_warning(tmp_path: Path) -> None:
    info, frames = h264_slices_track_frames()
    chunker = Chunker(info)
    chunks = [chunker.chunk(part, 0) for gop in split_gops(frames) for part in (gop[:7], gop[7:])]
    path = tmp_path / "a.mp4"
    path.write_bytes(make_init(info).data + b"".join(chunk.data for chunk in chunks))
    assert fftools.decode(path) == 50
    assert [(p["pts"], p["dts"], p["flags"][0]) for p in fftools.packets(path)] == [(f.pts, f.dts, "K" if f.key else "_") for f in frames]
    assert [(c.seq, c.key, c.media, c.duration, c.frames) for c in chunks] == [
        (1, True, 0, 7 * 3600, 7),
        (2, False, 7 * 3600, 18 * 3600, 18),
        (3, True, 25 * 3600, 7 * 3600, 7),
        (4, False, 32 * 3600, 18 * 3600, 18),
    ]


def test_a_chunk_across_two_gops_is_refused() -> None:
    info, frames = h264_slices_track_frames()
    with pytest.raises(ValueError, match="two GOPs"):
        Chunker(info).chunk(frames, 0)


def test_init_names_codec_size_and_mime() -> None:
    info, _ = h264_slices_track_frames()
    assert info.mime.startswith('video/mp4; codecs="avc1.42')
    assert make_init(info).data[4:8] == b"ftyp"


@pytest.mark.parametrize("track", [h264_track_frames, h265_track_frames, h264_slices_track_frames])
def test_ffprobe_reads_back_every_video_packet(track: Callable[[], tuple[TrackInfo, list[Frame]]], tmp_path: Path) -> None:
    info, frames = track()
    path = written(tmp_path, info, frames)
    read = fftools.packets(path)
    assert [p["dts"] for p in read] == [frame.dts for frame in frames]
    assert [p["pts"] for p in read] == [frame.pts for frame in frames]
    assert fftools.decode(path) == len(frames)
    stream = fftools.ffprobe(path, "-show_streams")["streams"][0]
    assert (stream["codec_name"], stream["width"], stream["height"]) == ({"h264": "h264", "h265": "hevc"}[info.codec], 160, 120)


@pytest.mark.parametrize(("track", "name"), [(aac_track_frames, "aac"), (g711_track_frames, "pcm_alaw")])
def test_ffprobe_reads_back_every_audio_packet(track: Callable[[], tuple[TrackInfo, list[Frame]]], name: str, tmp_path: Path) -> None:
    info, frames = track()
    path = written(tmp_path, info, frames)
    assert sum(int(p["size"]) for p in fftools.packets(path, "a:0")) == sum(len(frame.data) for frame in frames)
    stream = fftools.ffprobe(path, "-show_streams")["streams"][0]
    assert (stream["codec_name"], int(stream["sample_rate"]), stream["channels"]) == (name, info.timescale, 1)
    fftools.decode(path, "a:0")


def test_a_file_of_several_tracks_is_read_whole(tmp_path: Path) -> None:
    video, audio = h264_track_frames(), aac_track_frames()
    chunks = [chunk for info, frames in (video, audio) for chunk in chunked(info, frames)]
    path = tmp_path / "both.mp4"
    path.write_bytes(make_file_init([video[0], audio[0]]) + b"".join(chunk.data for chunk in chunks))
    assert (fftools.decode(path), fftools.decode(path, "a:0")) == (50, len(audio[1]))


def chunked(info: TrackInfo, frames: list[Frame]) -> list[Chunk]:
    chunker = Chunker(info)
    gops = split_gops(frames) if info.is_video else [frames]
    return [chunker.chunk(gop[at : at + 5], 0) for gop in gops for at in range(0, len(gop), 5)]


def written(folder: Path, info: TrackInfo, frames: list[Frame]) -> Path:
    path = folder / "track.mp4"
    path.write_bytes(make_init(info).data + b"".join(chunk.data for chunk in chunked(info, frames)))
    return path
