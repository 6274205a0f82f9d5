"""Link frames: what goes in comes out, however the bytes are cut; garbage is one typed error."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vms.base.errors import Kind, VmsError
from vms.media.types import Chunk
from vms.stream.frames import CHUNK, HEADER, Decoder, LinkFrame, chunk_header, encode_message

chunks = st.builds(
    Chunk,
    track=st.integers(1, 2),
    seq=st.integers(0, 2**32 - 1),
    key=st.booleans(),
    wall_us=st.integers(0, 2**62),
    media=st.integers(0, 2**62),
    duration=st.integers(0, 2**32 - 1),
    frames=st.integers(1, 500),
    data=st.binary(max_size=300),
)


@given(chunks, st.integers(1, 2**32 - 1), st.lists(st.integers(1, 60), max_size=20))
def test_chunk_survives_any_cut(chunk: Chunk, handle: int, cuts: list[int]) -> None:
    wire = chunk_header(handle, chunk) + chunk.data + encode_message({"op": "x"})
    decoder = Decoder()
    got: list[LinkFrame] = []
    for size in [*cuts, len(wire)]:
        got += decoder.feed(wire[:size])
        wire = wire[size:]
    assert [f.kind for f in got] == [CHUNK, 0]
    assert got[0].chunk == chunk
    assert got[0].handle == handle
    assert got[1].message() == {"op": "x"}


def test_golden_header() -> None:
    chunk = Chunk(1, 7, True, 1_700_000_000_000_000, 90_000, 3_600, 5, b"abc")
    assert chunk_header(2, chunk).hex() == "0201000b0000000200000007000000030006" + "0a24181e4000" + "0000000000015f9000000e10"


@settings(max_examples=200)
@given(st.binary(min_size=HEADER.size, max_size=400))
def test_garbage_is_one_typed_error_or_waits_within_bounds(data: bytes) -> None:
    decoder = Decoder()
    try:
        for frame in decoder.feed(data):
            if frame.kind == 0:
                frame.message()
    except VmsError as error:
        assert error.kind is Kind.PROTOCOL


def test_absurd_size_is_refused_before_memory_is_spent() -> None:
    with pytest.raises(VmsError):
        Decoder().feed(HEADER.pack(2, 1, 0, 1, 0, 2**31, 0, 0, 0))
