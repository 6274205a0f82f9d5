"""Routes of facts: a page with a long poll, and a stream over WebSocket that a client resumes by the last id it saw."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Annotated, Any

from anyio import create_task_group
from anyio.abc import TaskGroup
from fastapi import APIRouter, Query, WebSocket
from fastapi.concurrency import run_in_threadpool
from starlette.websockets import WebSocketDisconnect

from vms.api.access import Context, CurrentActor, CurrentSocketActor, close_code
from vms.api.bodies import Out, TimeOut
from vms.api.context import ApiContext, Facts, FactView
from vms.base.errors import VmsError
from vms.base.timespan import format_time

router = APIRouter(tags=["facts"])
STREAM_PAGE = 200
After = Annotated[str | None, Query(max_length=200, description="id of the last fact seen")]
Types = Annotated[list[str] | None, Query(alias="type", max_length=20, description="only these types")]


class Subject(Out):
    kind: str
    id: str


class Fact(Out):
    id: str
    epoch: int
    seq: int
    type: str
    at: TimeOut
    node_id: str
    subject: Subject
    data: dict[str, Any]


class FactList(Out):
    """`next` is null when nothing more is there yet: poll again with the id of the last item."""

    items: list[Fact]
    next: str | None


@router.get("/facts")
async def list_facts(
    _actor: CurrentActor,
    context: Context,
    after: After = None,
    types: Types = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    wait_s: Annotated[float, Query(ge=0, le=30, description="how long to wait for a first fact")] = 0,
) -> FactList:
    """Facts in order, oldest first, from the beginning of what is kept or behind `after`."""
    wanted = tuple(types or ())
    items = await _read_or_wait(context.facts, after, wanted, limit, wait_s)
    return FactList(items=[fact_out(f) for f in items], next=items[-1].id if len(items) == limit else None)


@router.websocket("/facts/stream")
async def stream_facts(
    websocket: WebSocket,
    signed_in: CurrentSocketActor,
    context: Context,
    after: After = None,
    types: Types = None,
) -> None:
    """Each fact as one text message; without `after` from now on. Closes with 4401 when the session ends."""
    refusals: list[VmsError] = []

    async def run(part: Coroutine[Any, Any, None], group: TaskGroup) -> None:
        """The first part to end ends the stream."""
        try:
            await part
        except VmsError as refusal:
            refusals.append(refusal)
        except WebSocketDisconnect:
            pass
        group.cancel_scope.cancel()

    async with create_task_group() as group:
        group.start_soon(run, _send_facts(websocket, context, after, tuple(types or ())), group)
        group.start_soon(run, _recheck(context, signed_in.secret), group)
        group.start_soon(run, _until_closed(websocket), group)
    if refusals:
        with suppress(RuntimeError, WebSocketDisconnect):  # the client may be gone already
            await websocket.close(close_code(refusals[0]), refusals[0].message[:100])


def fact_out(fact: FactView) -> Fact:
    return Fact(
        id=fact.id,
        epoch=fact.epoch,
        seq=fact.seq,
        type=fact.type,
        at=format_time(fact.at_us),
        node_id=fact.node_id,
        subject=Subject(kind=fact.subject_kind, id=fact.subject_id),
        data=dict(fact.data),
    )


async def _read_or_wait(facts: Facts, after: str | None, types: tuple[str, ...], limit: int, wait_s: float) -> Sequence[FactView]:
    """What is there, or what comes first within `wait_s`. A wake for another type only goes round once more."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_s
    while True:
        mark = facts.mark()
        items = await run_in_threadpool(facts.read, after, types, limit)
        left = deadline - loop.time()
        if items or left <= 0:
            return items
        await facts.wait(mark, left)


async def _send_facts(websocket: WebSocket, context: ApiContext, after: str | None, types: tuple[str, ...]) -> None:
    """The journal is the queue: a slow client reads later, nothing piles up for it here."""
    facts = context.facts
    if after is None:
        after = await run_in_threadpool(facts.newest)
    while True:
        for fact in await _read_or_wait(facts, after, types, STREAM_PAGE, context.http.recheck_s):
            await websocket.send_text(fact_out(fact).model_dump_json())
            after = fact.id


async def _recheck(context: ApiContext, secret: str) -> None:
    """Raises when the session no longer stands."""
    while True:
        await asyncio.sleep(context.http.recheck_s)
        await run_in_threadpool(context.authenticate, secret)


async def _until_closed(websocket: WebSocket) -> None:
    """What the client sends is not for us; its going is."""
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass
