"""The decode child: `python -I -m vms.decode.child PARENT FD`. Loads the codec library, raises its walls, decodes key pictures.

Nothing of this process is trusted once it has read its first job: it has no name of a file, no key, no address, no environment; one
connected socket is all it holds. Not here: who asks (client), who starts it (root, by spawn).
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket
import sys
from fractions import Fraction
from pathlib import Path
from typing import Literal, cast

import av
from av.codec.context import CodecContext
from av.error import FFmpegError
from av.video.frame import VideoFrame

from vms.base.as_child import die_with
from vms.decode.protocol import ANSWER, FAILED, H264, HELLO, JOB, MAX_JOB_BYTES, MAX_PIXELS, PICTURE
from vms.decode.spawn import NICE
from vms.decode.walls import raise_early, raise_late

TIRED_S = 600
"""Processor time after which this process ends by itself: a fresh one keeps no leak."""
_LEAST_WIDTH = 16
_ONE = Fraction(1, 1)


def picture(codec: int, data: bytes, width: int, quality: int) -> tuple[int, int, bytes]:
    """Width, height and JPEG of the first picture in `data`. Raises FFmpegError, ValueError, MemoryError."""
    frame = _decoded("h264" if codec == H264 else "hevc", data)
    wide = min(frame.width, max(_LEAST_WIDTH, width)) if width else frame.width
    high = max(2, frame.height * wide // frame.width)
    wide, high = wide & ~1, high & ~1
    return wide, high, _encoded(frame.reformat(wide, high, "yuvj420p", interpolation="AREA", dst_color_range="JPEG", threads=1), quality)


def _decoded(name: Literal["h264", "hevc"], data: bytes) -> VideoFrame:
    context = CodecContext.create(name, "r")
    context.thread_count = 1
    context.options = {"max_pixels": str(MAX_PIXELS)}
    frames = context.decode(av.Packet(data)) or context.decode(None)
    if not frames:
        raise ValueError("no picture came out of it")
    return frames[0]


def _encoded(frame: VideoFrame, quality: int) -> bytes:
    context = CodecContext.create("mjpeg", "w")
    context.thread_count = 1
    context.width, context.height, context.pix_fmt = frame.width, frame.height, "yuvj420p"
    context.time_base = _ONE
    context.qmin = context.qmax = quality
    frame.pts = 0
    return b"".join(cast("list[bytes]", [*context.encode(frame), *context.encode(None)]))  # packets are buffers


def _rehearse() -> None:
    """Once through everything, so that nothing is loaded from a file any more when files are out of reach."""
    _encoded(VideoFrame(64, 36, "yuv420p").reformat(32, 18, "yuvj420p", interpolation="AREA", dst_color_range="JPEG", threads=1), 4)
    for codec in (H264, H264 + 1):
        with contextlib.suppress(FFmpegError, ValueError):
            picture(codec, b"\0\0\0\1\x65\x88\x84", 16, 4)


def serve(connection: socket.socket) -> None:
    """Until the other end closes, or this process is tired."""
    while (head := _exactly(connection, JOB.size)) is not None:
        number, codec, quality, width, size = JOB.unpack(head)
        if size > MAX_JOB_BYTES or (data := _exactly(connection, size)) is None:
            return
        try:
            wide, high, jpeg = picture(codec, data, width, quality)
        except (FFmpegError, ValueError, MemoryError) as error:
            reason = f"{type(error).__name__}: {error}".encode("ascii", "replace")[:200]
            connection.sendall(ANSWER.pack(number, FAILED, 0, 0, 0, 0, len(reason)) + reason)
        else:
            connection.sendall(ANSWER.pack(number, PICTURE, 0, wide, high, 0, len(jpeg)) + jpeg)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        if usage.ru_utime + usage.ru_stime > TIRED_S:
            return


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    """`size` bytes, or None when the other end has closed."""
    data = bytearray(size)
    view = memoryview(data)
    while view:
        count = connection.recv_into(view)
        if not count:
            return None
        view = view[count:]
    return bytes(data)


def begin(parent: int, connection: socket.socket) -> None:
    """Everything before the first job: load, rehearse, raise the walls, say hello."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")  # when memory ends, this process goes first
    os.nice(NICE)
    walls = raise_early()
    die_with(parent, signal.SIGKILL)
    _rehearse()
    library = ".".join(map(str, av.library_versions["libavcodec"]))
    for descriptor in (0, 1, 2):
        os.close(descriptor)
    walls |= raise_late()
    body = json.dumps({"walls": walls, "library": f"libavcodec {library}"}).encode()
    connection.sendall(ANSWER.pack(0, HELLO, 0, 0, 0, 0, len(body)) + body)


def main(arguments: list[str]) -> None:
    parent, descriptor = map(int, arguments)
    connection = socket.socket(fileno=descriptor)
    try:
        begin(parent, connection)
        serve(connection)
    except OSError:
        os._exit(1)  # the other end is gone
    os._exit(0)  # the interpreter's own ending needs calls that are forbidden here


if __name__ == "__main__":
    main(sys.argv[1:])
