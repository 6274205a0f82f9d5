"""Chunks told by their moof boxes alone are the chunks that the whole bytes tell, and little is read for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.playback.recorded import record
from vms.base.errors import Kind, VmsError
from vms.media.boxes import split_chunks
from vms.owner.requests import Extent
from vms.playback import source


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Extent]:
    """`longgop` has fragment headers longer than one read; `aac` has sound between its pictures."""
    return {clip: record(tmp_path_factory.mktemp(clip), clip, 12, segment_s=60)[0] for clip in ("longgop", "aac")}


@pytest.mark.parametrize("clip", ["longgop", "aac"])
def test_heads_tell_what_the_whole_bytes_tell(recorded: dict[str, Extent], clip: str) -> None:
    extent = recorded[clip]
    found = list(source.read_chunk_heads(extent))
    assert [gop for gop, _ in found] == list(extent.gops)
    for gop, chunks in found:
        assert list(chunks) == split_chunks(source.read_gop_bytes(extent, gop))


def test_no_media_is_read_for_it(recorded: dict[str, Extent], monkeypatch: pytest.MonkeyPatch) -> None:
    extent, read = recorded["longgop"], list[int]()
    pread = source.os.pread

    def counted(descriptor: int, size: int, offset: int) -> bytes:
        read.append(size)
        return pread(descriptor, size, offset)

    monkeypatch.setattr(source.os, "pread", counted)
    list(source.read_chunk_heads(extent))
    assert sum(read) < sum(gop[1] for gop in extent.gops) / 20


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damage_is_one_typed_error(recorded: dict[str, Extent], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    extent = recorded["aac"]
    damaged = bytearray(Path(extent.path).read_bytes())
    first = extent.gops[0][0]
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[first + data.draw(st.integers(0, 400))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.mp4"
    path.write_bytes(damaged)
    try:
        found = list(source.read_chunk_heads(extent._replace(path=str(path))))
    except VmsError:
        return
    assert all(chunk.offset + chunk.size <= gop[1] for gop, chunks in found for chunk in chunks)


def test_a_file_that_ends_inside_its_media_is_damage(recorded: dict[str, Extent], tmp_path: Path) -> None:
    extent = recorded["longgop"]
    short = tmp_path / "short.mp4"
    short.write_bytes(Path(extent.path).read_bytes()[: sum(extent.gops[-1][:2]) - 1])
    with pytest.raises(VmsError) as refused:
        list(source.read_chunk_heads(extent._replace(path=str(short))))
    assert refused.value.kind is Kind.DAMAGED
