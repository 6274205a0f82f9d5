"""An edge asks, control decides, joined by a real socket: verdicts, refusals, what is remembered and what is revoked."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest

from tests.stream.links import FakeLink, on_a_loop, served, socket_path, until
from vms.api.context import DecoderInfo, EdgeInfo
from vms.api.front.asking import REMEMBER_S, Asking, Credential, Verdict
from vms.base.clock import ManualClock
from vms.base.errors import Kind, VmsError
from vms.owner.ask import Owner, may
from vms.owner.requests import Actor, Clip, Extent, GapSpan, LiveOpened, OpenLive, OpenSpan, Request, SpanOpened
from vms.processes.control.asks import CHECK_S, AskServer
from vms.stream.link import REDIAL_S, Link

SECRET = "s3cret"
CREDENTIAL = Credential(SECRET)
SPAN = SpanOpened("cam", "main", (Extent("/v/a.mp4", 700, "run", 5, 9, ((700, 10, 5, 4),), False),), (GapSpan(0, 5, "power"),), True)


class Control:
    """One life of control: whom it knows, what they may, what it answers."""

    def __init__(self) -> None:
        self.rights = {"live", "playback", "download"}
        self.answer: Any = LiveOpened("cam", "main", 1)
        self.deciding = threading.Event()
        self.deciding.set()
        self.audited: list[tuple[str, VmsError | None]] = []
        owner = Owner(self, may, self._audit)
        for request in (OpenLive, OpenSpan, Clip):
            owner.register(request, lambda session, actor, request: self._answer())
        self.over = frozenset[str]()
        self.edges: dict[object, EdgeInfo] = {}
        self.asks = AskServer(owner, self._authenticate, lambda sessions: sessions & self.over, self.edges)

    @contextmanager
    def transaction(self) -> Generator[None]:
        yield

    def _authenticate(self, secret: str) -> Actor:
        assert self.deciding.wait(5)
        if secret != SECRET:
            raise VmsError(Kind.UNAUTHENTICATED, "sign in first")
        return Actor("o1", "officer", "person", "session-1", frozenset(self.rights))

    def _audit(self, actor: Actor, request: Request, refused: VmsError | None) -> None:
        self.audited.append((type(request).__name__, refused))

    def _answer(self) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@asynccontextmanager
async def asking(path: str, clock: ManualClock) -> AsyncGenerator[Asking]:
    edge = Asking(path, clock)
    task = asyncio.create_task(edge.run())
    try:
        yield edge
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def joined(control: Control, path: str, clock: ManualClock) -> AsyncGenerator[tuple[Asking, list[Link]]]:
    async with served(control.asks, path) as links, asking(path, clock) as edge:
        await until(lambda: edge.connected and bool(links))
        yield edge, links
        control.asks.close()


@on_a_loop
async def test_the_views_of_a_session_that_is_over_end_soon_and_no_others() -> None:
    clock, control = ManualClock(), Control()
    ended: list[str | None] = []
    with socket_path() as path:
        async with joined(control, path, clock) as (edge, _):
            edge.on_revoke = lambda session, camera: ended.append(session)
            expiring = asyncio.create_task(control.asks.expire(clock))
            edge.tell({"op": "edge", "pid": 1, "started_us": 2, "views": 2, "sessions": ["session-1", "session-2"]})
            await until(lambda: bool(control.edges))
            await clock.advance(CHECK_S)
            control.over = frozenset({"session-2", "unwatched"})
            await clock.advance(CHECK_S)
            await until(lambda: ended == ["session-2"])
            expiring.cancel()


async def kind_of(edge: Asking, request: OpenLive, credential: Credential = CREDENTIAL) -> Kind:
    with pytest.raises(VmsError) as refused:
        await edge.ask(credential, request)
    return refused.value.kind


@on_a_loop
async def test_a_verdict_carries_the_answer_and_the_session() -> None:
    control = Control()
    with socket_path() as path:
        async with joined(control, path, ManualClock()) as (edge, _):
            verdict = await edge.ask(CREDENTIAL, OpenLive("cam"))
            assert verdict == Verdict(LiveOpened("cam", "main", 1), "session-1", "o1")
            control.answer = SPAN
            assert (await edge.ask(CREDENTIAL, OpenSpan("cam", "main", 0, 9))).answer == SPAN
    assert control.audited == [("OpenLive", None), ("OpenSpan", None)]


@on_a_loop
async def test_a_refusal_keeps_its_kind_and_facts_and_a_bug_its_secret() -> None:
    control = Control()
    with socket_path() as path:
        async with joined(control, path, ManualClock()) as (edge, _):
            assert await kind_of(edge, OpenLive("cam"), Credential("stolen")) is Kind.UNAUTHENTICATED
            control.rights.clear()
            with pytest.raises(VmsError) as refused:
                await edge.ask(CREDENTIAL, OpenLive("cam"))
            assert (refused.value.kind, refused.value.facts) == (Kind.NOT_FOUND, {"camera": "cam"})
            control.rights.add("live")
            control.answer = ZeroDivisionError(SECRET)
            with pytest.raises(VmsError) as failed:
                await edge.ask(CREDENTIAL, OpenLive("cam"))
            assert SECRET not in failed.value.message
    assert SECRET not in repr(CREDENTIAL)


@on_a_loop
async def test_with_control_away_a_known_verdict_counts_for_a_while_and_others_do_not() -> None:
    control, clock = Control(), ManualClock()
    with socket_path() as path:
        async with asking(path, clock) as edge:
            async with served(control.asks, path):
                await clock.advance(REDIAL_S)
                await until(lambda: edge.connected)
                known = await edge.ask(CREDENTIAL, OpenLive("cam"))
            await until(lambda: not edge.connected)
            assert await edge.ask(CREDENTIAL, OpenLive("cam")) == known
            assert await kind_of(edge, OpenLive("other")) is Kind.UNAVAILABLE
            assert await kind_of(edge, OpenLive("cam"), Credential("stolen")) is Kind.UNAVAILABLE
            clock.step_mono(REMEMBER_S * 1_000_000 + 1)
            assert await kind_of(edge, OpenLive("cam")) is Kind.UNAVAILABLE
        control.asks.close()


@on_a_loop
async def test_a_no_outweighs_what_was_said_before() -> None:
    control, clock = Control(), ManualClock()
    with socket_path() as path:
        async with joined(control, path, clock) as (edge, links):
            await edge.ask(CREDENTIAL, OpenLive("cam"))
            control.rights.clear()
            assert await kind_of(edge, OpenLive("cam")) is Kind.NOT_FOUND
            links[0].close()
            await until(lambda: not edge.connected)
            assert await kind_of(edge, OpenLive("cam")) is Kind.UNAVAILABLE


@on_a_loop
async def test_a_question_under_way_when_control_dies_is_answered_at_once() -> None:
    control, clock = Control(), ManualClock()
    with socket_path() as path:
        async with joined(control, path, clock) as (edge, links):
            control.deciding.clear()
            question = asyncio.create_task(kind_of(edge, OpenLive("cam")))
            await asyncio.sleep(0)
            links[0].close()
            assert await question is Kind.UNAVAILABLE
            control.deciding.set()
            await clock.advance(REDIAL_S)
            await until(lambda: edge.connected)
            assert (await edge.ask(CREDENTIAL, OpenLive("cam"))).session == "session-1"


@on_a_loop
async def test_a_revocation_reaches_every_edge_and_forgets_what_it_names() -> None:
    control, clock, heard = Control(), ManualClock(), list[tuple[str | None, str | None]]()
    with socket_path() as path:
        async with joined(control, path, clock) as (edge, links):
            edge.on_revoke = lambda session, camera: heard.append((session, camera))
            await edge.ask(CREDENTIAL, OpenLive("cam"))
            control.asks.revoke(session="session-2")
            control.asks.revoke(session="session-1")
            await until(lambda: len(heard) == 2)
            assert heard == [("session-2", None), ("session-1", None)]
            links[0].close()
            await until(lambda: not edge.connected)
            assert await kind_of(edge, OpenLive("cam")) is Kind.UNAVAILABLE


@on_a_loop
async def test_control_knows_its_edges_while_they_are_there() -> None:
    control = Control()
    with socket_path() as path:
        async with joined(control, path, ManualClock()) as (edge, links):
            edge.tell({"op": "edge", "pid": 7, "started_us": 5, "views": 3})
            await until(lambda: list(control.edges.values()) == [EdgeInfo(7, 5, 3)])
            decoder = {"state": "ready", "library": "x 1", "walls": {"files": "no Landlock"}, "ends": {"crash": 2}}
            edge.tell({"op": "edge", "pid": 7, "started_us": 5, "views": 3, "decoder": decoder})
            told = EdgeInfo(7, 5, 3, DecoderInfo("ready", "x 1", {"files": "no Landlock"}, {"crash": 2}))
            await until(lambda: list(control.edges.values()) == [told])
            links[0].close()
            await until(lambda: not control.edges)
            edge.tell({"op": "edge", "pid": 7, "started_us": 5, "views": 3})  # lost, not an error
            control.asks.on_closed(FakeLink(), None)
