"""Streams on a link: each open handle is a subscriber that drops to the next key frame while its link is congested."""

from __future__ import annotations

from vms.media.types import Chunk
from vms.stream.link import Link
from vms.stream.stream import Begin, End, Gap, Item


class LinkSubscriber:
    """One stream, opened by one edge under its handle."""

    def __init__(self, link: Link, handle: int) -> None:
        self._link = link
        self._handle = handle
        self._skipping = False

    def put(self, item: Item, now_us: int) -> None:
        if isinstance(item, Chunk):
            self._chunk(item)
        elif isinstance(item, Begin):
            self._begin(item)
        else:
            self._notice(item)

    def _chunk(self, chunk: Chunk) -> None:
        if self._skipping:
            if not chunk.key or self._link.paused:
                return
            self._skipping = False
        elif self._link.paused:
            self._skipping = True
            self._notice(Gap("overload_drop"))
            return
        self._link.send_chunk(self._handle, chunk)

    def _begin(self, begin: Begin) -> None:
        self._skipping = False
        message = {"op": "begin", "run": begin.run, "wall_us": begin.wall_us, "inits": len(begin.inits)}
        self._link.send_message(message, self._handle)
        for init in begin.inits:
            self._link.send_init(self._handle, init)

    def _notice(self, item: Gap | End) -> None:
        op = "gap" if isinstance(item, Gap) else "end"
        self._link.send_message({"op": op, "cause": item.cause}, self._handle)
