"""Inits and Chunks, judged by ffprobe and ffmpeg."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.media import fftools
from tests.media.packetise import Sender, units_of
from vms.media.cmaf import Chunker, make_init, split_gops
from vms.media.depacket import make_depacketiser
from vms.media.types import Codec, Frame, TrackInfo


def slices_track() -> tuple[TrackInfo, list[Frame]]:
    source = make_depacketiser(Codec.H264, clock_rate=90_000, fmtp={})
    units = units_of("h264_four_slices.h264")
    got = source.push(Sender().stream(units, [3600 * n for n in range(50)]))
    assert source.info is not None
    return source.info, [Frame(unit.rtp_time, unit.rtp_time, 3600, unit.key, unit.data) for unit in got]


def test_ffmpeg_decodes_init_and_chunks_without_a_warning(tmp_path: Path) -> None:
    info, frames = slices_track()
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
    info, frames = slices_track()
    with pytest.raises(ValueError, match="two GOPs"):
        Chunker(info).chunk(frames, 0)


def test_init_names_codec_size_and_mime() -> None:
    info, _ = slices_track()
    assert info.mime.startswith('video/mp4; codecs="avc1.42')
    assert make_init(info).data[4:8] == b"ftyp"
