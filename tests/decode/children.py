"""Real decode children, spoken to without a client, and JPEGs read back as grey pictures."""

from __future__ import annotations

import socket
from collections.abc import Generator
from contextlib import contextmanager

import av
from av.video.codeccontext import VideoCodecContext

from vms.decode.protocol import ANSWER, Failed, Hello, Job, Picture, job_bytes, read_body, read_head
from vms.decode.spawn import COMMAND, spawn
from vms.sim.blockcode import BlockCode, decode


class Talk:
    """One child and what it answers."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._number = 0
        end.settimeout(20)
        self.hello = self._answer(0)

    def ask(self, job: Job) -> Hello | Picture | Failed:
        self._number += 1
        self._end.sendall(job_bytes(self._number, job))
        return self._answer(self._number)

    def _answer(self, number: int) -> Hello | Picture | Failed:
        head = self._end.recv(ANSWER.size, socket.MSG_WAITALL)
        if not head:
            raise ConnectionResetError("the child is gone")
        return self._body(head, number)

    def _body(self, data: bytes, number: int) -> Hello | Picture | Failed:
        head = read_head(data, number)
        return read_body(head, self._end.recv(head.size, socket.MSG_WAITALL))


@contextmanager
def child(command: tuple[str, ...] = COMMAND) -> Generator[tuple[int, Talk]]:
    """Its pid and the talk with it."""
    process, end = spawn(command)
    try:
        with end:
            yield process.pid, Talk(end)
    finally:
        process.kill()
        process.wait()


def code_of(jpeg: bytes) -> BlockCode | None:
    """The block code that a JPEG shows."""
    context = av.CodecContext.create("mjpeg", "r")
    assert isinstance(context, VideoCodecContext)
    frame = (context.decode(av.Packet(jpeg)) or context.decode(None))[0]
    grey = frame.reformat(format="gray", dst_color_range="JPEG")
    plane = bytes(grey.planes[0])
    line = grey.planes[0].line_size
    pixels = b"".join(plane[row * line : row * line + grey.width] for row in range(grey.height))
    return decode(pixels, grey.width, grey.height)
