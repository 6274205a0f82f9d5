"""The edge's side of the link to rtc: hands over offers, hears of ends. Dialled when a viewer comes, which starts the process.

When the link is lost all its viewers are over. Not here: who may watch (whep), what rtc does (processes.rtc).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, cast

from vms.api.front.asking import refusal
from vms.base.errors import Kind, VmsError
from vms.owner.requests import LiveOpened
from vms.stream.frames import LinkFrame, Message
from vms.stream.link import Link, dial_unix

START_S = 20.0  # with the process's own start on a busy machine


@dataclass(frozen=True, slots=True)
class RtcInfo:
    """Who answers on the other end."""

    pid: int
    started_us: int


class Rtc:
    """`offer`, then `ended` tells how it went on; `close` ends it from here."""

    def __init__(self, path: str) -> None:
        self.info: RtcInfo | None = None
        self._path = path
        self._link: Link | None = None
        self._dialling = asyncio.Lock()
        self._answers: dict[str, asyncio.Future[str]] = {}
        self._ends: dict[str, asyncio.Future[VmsError | None]] = {}

    async def offer(self, viewer: str, opened: LiveOpened, host: str, sdp: str) -> str:
        """The answer to a viewer's offer. Raises VmsError: rtc's refusal, or UNAVAILABLE while it is away."""
        link = await self._dial()
        loop = asyncio.get_running_loop()
        answer, self._ends[viewer] = loop.create_future(), loop.create_future()
        self._answers[viewer] = answer
        where: Message = {"worker": opened.worker, "camera": opened.camera, "profile": opened.profile, "host": host}
        link.send_message({"op": "offer", "id": viewer, "sdp": sdp, **where})
        try:
            return await asyncio.wait_for(answer, START_S)
        except BaseException as error:
            self.close(viewer)
            if isinstance(error, TimeoutError):
                raise VmsError(Kind.TIMEOUT, "the WebRTC process does not answer; try again") from error
            raise
        finally:
            self._answers.pop(viewer, None)

    async def ended(self, viewer: str) -> VmsError | None:
        """Waits until this viewer is over; why, when it did not just leave."""
        return await self._ends[viewer]

    def close(self, viewer: str) -> None:
        """Nothing of it is left on this side, and rtc ends it."""
        self._ends.pop(viewer, None)
        if self._link is not None:
            self._link.send_message({"op": "close", "id": viewer})

    def on_frame(self, link: Link, frame: LinkFrame) -> None:
        message = frame.message()
        viewer = str(message.get("id"))
        answer, end = self._answers.get(viewer), self._ends.get(viewer)
        match message.get("op"):
            case "hello":
                self.info = RtcInfo(int(message["pid"]), int(message["started_us"]))
            case "answer" if answer is not None and not answer.done():
                answer.set_result(str(message["sdp"]))
            case "refused" if answer is not None and not answer.done():
                answer.set_exception(refusal(message))
            case "ended" if end is not None and not end.done():
                told = cast("dict[str, Any] | None", message.get("error"))
                end.set_result(None if told is None else refusal(message))
            case _:
                pass

    def on_closed(self, link: Link, error: VmsError | Exception | None) -> None:
        self.info = self._link = None
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(_away())
        for end in self._ends.values():
            if not end.done():
                end.set_result(_away())

    async def _dial(self) -> Link:
        async with self._dialling:
            if self._link is None:
                try:
                    self._link = await dial_unix(self._path, self)
                except OSError as error:
                    raise VmsError(Kind.UNAVAILABLE, "this node serves no WebRTC (setting webrtc.viewers); use live.mse") from error
            return self._link


def _away() -> VmsError:
    return VmsError(Kind.UNAVAILABLE, "the WebRTC process ended; try again")
