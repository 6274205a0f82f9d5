"""What a viewer's WebSocket carries: the contract's init text and binary frames, made once per stream, not per viewer.

Binary: u8 kind (1 Init, 2 Chunk), u8 track, u16 0, u32 seq, i64 wall_us (big-endian), then the bytes. Pure.
"""

from __future__ import annotations

import json
import struct

from vms.media.types import Chunk, Init
from vms.stream.stream import Begin

HEADER = struct.Struct(">BBHIq")
INIT, CHUNK = 1, 2
_KEPT_FRAMES = 2_000  # about the longest GOP a newcomer is given


def init_text(init: Init, run: str, wall_us: int, seek: int | None = None) -> str:
    """Announces a configuration; `wall_us` is the wall time of media time zero of the run."""
    info = init.info
    text: dict[str, object] = {"type": "init", "track": info.track, "mime": info.mime, "run": run, "wall_us": wall_us}
    text |= {"codec": info.codec, "width": info.width, "height": info.height, "fps": info.fps, "timescale": info.timescale}
    if seek is not None:
        text["seek"] = seek
    return json.dumps(text, separators=(",", ":"))


def init_bytes(init: Init, wall_us: int) -> bytes:
    return HEADER.pack(INIT, init.info.track, 0, 0, wall_us) + init.data


def chunk_bytes(chunk: Chunk) -> bytes:
    return HEADER.pack(CHUNK, chunk.track, 0, chunk.seq & 0xFFFFFFFF, chunk.wall_us) + chunk.data


def begin_frames(begin: Begin) -> list[str | bytes]:
    """Init text and bytes of each track, in the order a player needs them."""
    frames: list[str | bytes] = []
    for init in begin.inits:
        frames.append(init_text(init, begin.run, begin.wall_us))
        frames.append(init_bytes(init, begin.wall_us))
    return frames


class Framer:
    """Remembers the framed bytes of recent chunks of one stream, so that its hundredth viewer costs no copy."""

    def __init__(self) -> None:
        self._framed: dict[tuple[int, int, int], bytes] = {}

    def frame(self, chunk: Chunk) -> bytes:
        key = (chunk.track, chunk.seq, chunk.wall_us)
        framed = self._framed.get(key)
        if framed is None:
            if chunk.key or len(self._framed) > _KEPT_FRAMES:
                self._framed.clear()
            framed = self._framed[key] = chunk_bytes(chunk)
        return framed
