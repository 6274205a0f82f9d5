"""What client and decode child say to each other: one job at a time, one answer to each. Pure.

Job, big-endian: u32 number, u8 codec (1 H.264, 2 H.265), u8 quality (JPEG's quantiser, 2 best … 31), u16 width (0: the picture's
own), u32 size, then one key picture as a byte stream (ITU-T H.264 Annex B) with its parameter sets. Answer: u32 number, u8 what
(0 hello, 1 picture, 2 failed), u8 0, u16 width, u16 height, u16 0, u32 size, then JSON, a JPEG or a reason in ASCII. The child
speaks first: hello. It may have been taken over: every answer is bounded and judged before its bytes are believed.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, cast

from vms.base.errors import Kind, VmsError

JOB: Final = struct.Struct(">IBBHI")
ANSWER: Final = struct.Struct(">IBBHHHI")
HELLO, PICTURE, FAILED = 0, 1, 2
H264, H265 = 1, 2
MAX_JOB_BYTES: Final = 16 * 1024 * 1024
MAX_PIXELS: Final = 7680 * 4320
MAX_SIDE: Final = 8192
_MOST_BYTES: Final = {HELLO: 4096, PICTURE: 16 * 1024 * 1024, FAILED: 200}


@dataclass(frozen=True, slots=True)
class Job:
    """One key picture to turn into a JPEG at most `width` pixels wide; 0 for its own width."""

    codec: Literal[1, 2]
    data: bytes
    width: int = 0
    quality: int = 4


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG and its size in pixels."""

    width: int
    height: int
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """The child could not decode this one; it lives on."""

    reason: str


@dataclass(frozen=True, slots=True)
class Hello:
    """The child is ready. `walls`: for each wall "" or why it does not stand."""

    walls: dict[str, str]
    library: str


class AnswerHead(NamedTuple):
    """The fixed part of an answer."""

    number: int
    what: int
    zero: int
    width: int
    height: int
    zero2: int
    size: int


def job_bytes(number: int, job: Job) -> bytes:
    return JOB.pack(number, job.codec, job.quality, job.width, len(job.data)) + job.data


def read_head(data: bytes, number: int) -> AnswerHead:
    """The head of the answer to job `number` (0: hello). Raises PROTOCOL when no honest child would say it."""
    head = AnswerHead._make(ANSWER.unpack(data))
    wanted = (HELLO,) if number == 0 else (PICTURE, FAILED)
    if head.number != number or head.what not in wanted or head.zero or head.zero2 or not 0 < head.size <= _MOST_BYTES[head.what]:
        raise _broken("an answer that nobody asked for")
    if head.what == PICTURE and not (0 < head.width <= MAX_SIDE and 0 < head.height <= MAX_SIDE):
        raise _broken("a picture of no possible size")
    return head


def read_body(head: AnswerHead, body: bytes) -> Hello | Picture | Failed:
    """Raises PROTOCOL."""
    if head.what == HELLO:
        return _hello(body)
    if head.what == FAILED:
        return Failed("".join(chr(b) if 32 <= b < 127 else "?" for b in body))
    if jpeg_size(body) != (head.width, head.height):
        raise _broken("something that is no JPEG of the size it tells")
    return Picture(head.width, head.height, body)


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a baseline JPEG from its segments; None when it is none (ITU-T T.81, B.2)."""
    if data[:2] != b"\xff\xd8" or data[-2:] != b"\xff\xd9":
        return None
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xC0:
            return int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        if length < 2 or marker in (0xD8, 0xD9, 0xDA):
            return None
        at += 2 + length
    return None


def _hello(body: bytes) -> Hello:
    try:
        told: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _broken("a greeting that is not JSON") from error
    fields = cast("dict[str, Any]", told) if isinstance(told, dict) else {}
    walls, library = fields.get("walls"), fields.get("library")
    if not isinstance(walls, dict) or not isinstance(library, str):
        raise _broken("a greeting without its walls")
    named = cast("dict[str, object]", walls)
    return Hello({name[:20]: str(why)[:100] for name, why in list(named.items())[:8]}, library[:40])


def _broken(what: str) -> VmsError:
    return VmsError(Kind.PROTOCOL, f"the decoder sent {what}")
