"""Link frames: the fixed header and what it carries, bytes in and frames out. Pure.

Header, big-endian, 36 bytes: u8 kind, u8 track, u16 flags, u32 handle, u32 seq, u32 size, i64 wall_us, i64 media,
u32 duration; then `size` bytes. flags: bit 0 key frame, bits 1..15 frame count. Kinds: 0 message (JSON), 1 Init,
2 Chunk. Handle 0 is the connection itself (docs/design/skeleton.md §5). Not here: sockets (link).
"""

from __future__ import annotations

import json
import struct
from typing import Any, NamedTuple, cast

from vms.base.errors import Kind, VmsError
from vms.media.types import Chunk, Init

HEADER = struct.Struct(">BBHIIIqqI")
MESSAGE, INIT, CHUNK = 0, 1, 2
MAX_MEDIA_BYTES = 16 * 1024 * 1024
MAX_MESSAGE_BYTES = 32 * 1024 * 1024
_MAX_COUNT = 0x7FFF

Message = dict[str, Any]


class LinkFrame(NamedTuple):
    """One frame as it came off the wire."""

    kind: int
    track: int
    handle: int
    payload: bytes
    chunk: Chunk | None = None

    def message(self) -> Message:
        """The JSON object of a MESSAGE frame. Raises PROTOCOL."""
        try:
            value = json.loads(self.payload)
        except ValueError as error:
            raise VmsError(Kind.PROTOCOL, "link message is not JSON") from error
        if not isinstance(value, dict):
            raise VmsError(Kind.PROTOCOL, "link message is not an object")
        return cast("Message", value)


def encode_message(message: Message, handle: int = 0) -> bytes:
    body = json.dumps(message, separators=(",", ":")).encode()
    return HEADER.pack(MESSAGE, 0, 0, handle, 0, len(body), 0, 0, 0) + body


def encode_init(handle: int, init: Init) -> bytes:
    return HEADER.pack(INIT, init.info.track, 0, handle, 0, len(init.data), 0, 0, 0) + init.data


def chunk_header(handle: int, chunk: Chunk) -> bytes:
    """The header alone: the chunk's own bytes follow it untouched."""
    flags = min(chunk.frames, _MAX_COUNT) << 1 | chunk.key
    return HEADER.pack(
        CHUNK,
        chunk.track,
        flags,
        handle,
        chunk.seq & 0xFFFFFFFF,
        len(chunk.data),
        chunk.wall_us,
        chunk.media,
        min(chunk.duration, 0xFFFFFFFF),
    )


class Decoder:
    """Cuts a byte stream into frames; keeps at most one incomplete frame."""

    def __init__(self) -> None:
        self._rest = b""
        self._needed = HEADER.size

    def feed(self, data: bytes) -> list[LinkFrame]:
        """Frames completed by `data`. Raises PROTOCOL on a frame that no peer of ours would send."""
        buffer = self._rest + data if self._rest else data
        if len(buffer) < self._needed:
            self._rest = buffer
            return []
        frames: list[LinkFrame] = []
        at, end = 0, len(buffer)
        self._needed = HEADER.size
        while end - at >= HEADER.size:
            kind, track, flags, handle, seq, size, wall_us, media, duration = HEADER.unpack_from(buffer, at)
            if kind > CHUNK or size > (MAX_MEDIA_BYTES if kind else MAX_MESSAGE_BYTES):
                raise VmsError(Kind.PROTOCOL, "link frame of unknown kind or absurd size", frame_kind=kind, size=size)
            body = at + HEADER.size
            if end - body < size:
                self._needed = HEADER.size + size
                break
            payload = buffer[body : body + size]
            chunk = Chunk(track, seq, bool(flags & 1), wall_us, media, duration, flags >> 1, payload) if kind == CHUNK else None
            frames.append(LinkFrame(kind, track, handle, payload, chunk))
            at = body + size
        self._rest = buffer[at:]
        return frames
