"""What cmaf writes, chunks reads back; foreign bytes give one typed error."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.media.streams import aac_track_frames, g711_track_frames, h264_track_frames, h265_track_frames, opus_info
from vms.base.errors import VmsError
from vms.media.boxes import init_size, split_chunks, split_init
from vms.media.cmaf import Chunker, make_file_init, make_init
from vms.media.isobox import box
from vms.media.types import Frame, TrackInfo


def tracks() -> list[tuple[TrackInfo, list[Frame]]]:
    return [h264_track_frames(), h265_track_frames(), aac_track_frames(), g711_track_frames()]


def test_every_sample_is_found_again_where_it_lies() -> None:
    for info, frames in tracks():
        chunker = Chunker(info)
        chunks = [chunker.chunk(frames[:4], 0), chunker.chunk(frames[4:9], 0)]
        data = box(b"uuid", bytes(40)) + chunks[0].data + box(b"uuid", bytes(16)) + chunks[1].data
        parsed = split_chunks(data)
        assert [(p.track, p.seq, p.tfdt, p.duration, p.frames) for p in parsed] == [
            (c.track, c.seq, c.media, c.duration, c.frames) for c in chunks
        ]
        assert [data[p.offset : p.offset + p.size] for p in parsed] == [chunk.data for chunk in chunks]
        samples = [sample for p in parsed for sample in p.samples]
        assert [data[s.offset : s.offset + s.size] for s in samples] == [f.data for f in frames[:9]]
        assert [(s.duration, s.cts, s.key) for s in samples] == [
            (f.duration, f.pts - f.dts, f.key or not info.is_video) for f in frames[:9]
        ]
        assert split_chunks(memoryview(data)) == parsed


def test_uneven_durations_are_kept() -> None:
    info, frames = h264_track_frames()
    uneven = [frame._replace(duration=3600 + n) for n, frame in enumerate(frames[:5])]
    (parsed,) = split_chunks(Chunker(info).chunk(uneven, 0).data)
    assert [s.duration for s in parsed.samples] == [3600, 3601, 3602, 3603, 3604]


def test_a_file_init_falls_apart_into_one_init_per_track() -> None:
    infos = [h264_track_frames()[0], aac_track_frames()[0]]
    data = make_file_init(infos)
    assert split_init(data + b"\0\0\0\1cut") == tuple(make_init(info) for info in infos)
    assert init_size(data + b"rest of it") == len(data)


def test_all_that_matters_of_a_track_is_recovered_from_its_init() -> None:
    for info in [info for info, _ in tracks()] + [opus_info()]:
        assert [init.info for init in split_init(make_init(info).data)] == [info]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_bytes_give_one_typed_error(data: st.DataObject) -> None:
    info, frames = h264_track_frames()
    whole = make_init(info).data if data.draw(st.booleans()) else Chunker(info).chunk(frames[:2], 0).data[:400]
    cut = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for _ in range(data.draw(st.integers(0, 6))):
        if cut:
            cut[data.draw(st.integers(0, len(cut) - 1))] = data.draw(st.integers(0, 255))
    for read in (split_chunks, split_init, init_size):
        try:
            read(bytes(cut))
        except VmsError:
            continue


@pytest.mark.parametrize("broken", [b"", b"\0", box(b"free"), box(b"moov"), box(b"mdat", b"x")])
def test_no_moov_is_a_typed_error(broken: bytes) -> None:
    with pytest.raises(VmsError):
        split_init(broken)
