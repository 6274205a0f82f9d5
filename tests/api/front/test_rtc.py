"""The edge's link to rtc: dialled for a viewer, and its loss ends the viewers that it carried."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.stream.links import on_a_loop, served, socket_path, until
from vms.api.front.rtc import Rtc, RtcInfo
from vms.base.errors import Kind, VmsError
from vms.owner.requests import LiveOpened
from vms.stream.frames import LinkFrame, Message
from vms.stream.link import Link

OPENED = LiveOpened("camera-1", "main", 0)


class Server:
    """Says what `reply` makes of each offer."""

    def __init__(self, reply: Callable[[Message], dict[str, Any]]) -> None:
        self.reply = reply
        self.heard: list[Message] = []
        self.link: Link | None = None

    def on_frame(self, link: Link, frame: LinkFrame) -> None:
        self.link = link
        message = frame.message()
        self.heard.append(message)
        link.send_message({"op": "hello", "pid": 7, "started_us": 5})
        if message["op"] == "offer":
            link.send_message({"id": message["id"], **self.reply(message)})

    def on_closed(self, link: Link, error: object) -> None: ...


def answer(message: Message) -> dict[str, Any]:
    return {"op": "answer", "sdp": f"answer to {message['sdp']}"}


def refuse(message: Message) -> dict[str, Any]:
    return {"op": "refused", "error": {"kind": "not_acceptable", "message": "no", "facts": {"reason": "no_h264"}}}


@on_a_loop
async def test_an_offer_goes_over_with_its_place_and_the_end_is_heard() -> None:
    with socket_path() as path:
        server, rtc = Server(answer), Rtc(path)
        async with served(server, path):
            assert await rtc.offer("v1", OPENED, "127.0.0.1", "sdp") == "answer to sdp"
            assert server.heard[0] == {
                **{"op": "offer", "id": "v1", "sdp": "sdp", "worker": 0, "camera": "camera-1", "profile": "main", "host": "127.0.0.1"}
            }
            assert rtc.info == RtcInfo(7, 5)
            assert server.link is not None
            server.link.send_message({"op": "ended", "id": "v1", "error": None})
            assert await rtc.ended("v1") is None
            rtc.close("v1")
            await until(lambda: server.heard[-1] == {"op": "close", "id": "v1"})


@on_a_loop
async def test_a_refusal_comes_with_its_kind_and_facts() -> None:
    with socket_path() as path:
        rtc = Rtc(path)
        async with served(Server(refuse), path):
            with pytest.raises(VmsError) as refusal:
                await rtc.offer("v1", OPENED, "127.0.0.1", "sdp")
    assert (refusal.value.kind, refusal.value.facts) == (Kind.NOT_ACCEPTABLE, {"reason": "no_h264"})


@on_a_loop
async def test_a_lost_link_ends_its_viewers_and_the_next_offer_dials_again() -> None:
    with socket_path() as path:
        rtc = Rtc(path)
        async with served(Server(answer), path):
            await rtc.offer("v1", OPENED, "127.0.0.1", "one")
        ended = await asyncio.wait_for(rtc.ended("v1"), 5)
        assert ended is not None
        assert (ended.kind, rtc.info) == (Kind.UNAVAILABLE, None)
        with pytest.raises(VmsError) as away:
            await rtc.offer("v2", OPENED, "127.0.0.1", "two")
        assert away.value.kind is Kind.UNAVAILABLE
        async with served(Server(answer), path):
            assert await rtc.offer("v3", OPENED, "127.0.0.1", "three") == "answer to three"
