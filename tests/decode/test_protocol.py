"""A child that was taken over can say anything: what is not an answer to the job is refused, nothing else is raised."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vms.base.errors import Kind, VmsError
from vms.decode.protocol import ANSWER, FAILED, HELLO, PICTURE, Failed, Hello, Picture, jpeg_size, read_body, read_head


def jpeg(width: int, height: int, rest: bytes = b"") -> bytes:
    start = b"\xff\xd8\xff\xe0\0\4ab\xff\xc0\0\x0b\x08"
    return start + struct.pack(">HH", height, width) + b"\1\1\x11\0" + rest + b"\xff\xd9"


@given(st.binary(min_size=ANSWER.size, max_size=ANSWER.size), st.integers(0, 2**32 - 1), st.binary(max_size=300))
def test_any_bytes_are_an_answer_or_a_protocol_error(head: bytes, number: int, body: bytes) -> None:
    try:
        read = read_head(head, number)
        assert 0 < read.size <= 16 * 1024 * 1024
        assert read.number == number
        read_body(read, body)
    except VmsError as error:
        assert error.kind is Kind.PROTOCOL


@given(
    st.sampled_from([HELLO, PICTURE, FAILED]), st.integers(0, 70_000), st.integers(0, 9_000), st.binary(max_size=400) | st.just(jpeg(4, 4))
)
def test_a_well_formed_head_before_any_body_is_judged_by_the_body(what: int, size: int, side: int, body: bytes) -> None:
    number = 0 if what == HELLO else 7
    try:
        head = read_head(ANSWER.pack(number, what, 0, min(side, 65535), min(side, 65535), 0, size), number)
        answer = read_body(head, body)
    except VmsError as error:
        assert error.kind is Kind.PROTOCOL
    else:
        assert not isinstance(answer, Picture) or jpeg_size(body) == (side, side)
        assert not isinstance(answer, Failed) or answer.reason.isprintable()


@given(st.binary(max_size=400))
def test_the_size_of_a_jpeg_is_read_from_anything_without_a_fault(data: bytes) -> None:
    assert jpeg_size(data) is None or data.startswith(b"\xff\xd8")
    jpeg_size(b"\xff\xd8\xff" + data + b"\xff\xd9")


@given(st.recursive(st.none() | st.integers() | st.text(max_size=200), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_a_greeting_holds_bounded_text_whatever_it_says(walls: object) -> None:
    body = json.dumps({"walls": walls, "library": "x" * 99}).encode()
    head = ANSWER.pack(0, HELLO, 0, 0, 0, 0, len(body))
    try:
        hello = read_body(read_head(head, 0), body)
    except VmsError as error:
        assert error.kind is Kind.PROTOCOL
    else:
        assert isinstance(hello, Hello)
        assert len(hello.walls) <= 8 and len(hello.library) <= 40
        assert all(len(name) <= 20 and len(why) <= 100 for name, why in hello.walls.items())


def test_a_picture_is_taken_only_at_the_size_it_tells() -> None:
    body = jpeg(64, 36)
    assert read_body(read_head(ANSWER.pack(3, PICTURE, 0, 64, 36, 0, len(body)), 3), body) == Picture(64, 36, body)
    with pytest.raises(VmsError, match="no JPEG"):
        read_body(read_head(ANSWER.pack(3, PICTURE, 0, 64, 38, 0, len(body)), 3), body)
    with pytest.raises(VmsError, match="nobody asked"):
        read_head(ANSWER.pack(2, PICTURE, 0, 64, 36, 0, len(body)), 3)
