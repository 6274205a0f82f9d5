"""Time stamps over root signatures: every so many minutes the newest root queues, and what queues is stamped when the authority is there.

A stamp over a signature proves the signature's time too, and through `prev_root` that of all roots before. Recording and signing
never wait for it. Not here: the protocol (tsa).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vms.base.clock import Clock
from vms.base.db import Database
from vms.base.errors import VmsError
from vms.base.journal import announce
from vms.base.log import get_log
from vms.integrity import roots
from vms.integrity.facts import StampingState
from vms.integrity.models import MinuteRoot, Stamp

RETRY_S = 60.0
MOST = 100  # in one round; a long queue does not keep the newest root waiting


@dataclass(frozen=True, slots=True)
class Token:
    """`response` is the whole TimeStampResp, which `openssl ts -verify -in` takes; `at_us` its genTime."""

    response: bytes
    at_us: int
    serial: str


class Authority(Protocol):
    """Raises VmsError while it is away or its answer does not hold. Blocking."""

    def stamp(self, data: bytes) -> Token: ...


class Stamper:
    """`run` is one life; `every_minutes` between two roots that are stamped."""

    def __init__(self, database: Database, node: str, authority: Authority, clock: Clock, every_minutes: int) -> None:
        self._database = database
        self._node = node
        self._authority = authority
        self._clock = clock
        self._every_minutes = every_minutes
        self._away = False
        self._log = get_log("vms.integrity")

    async def run(self) -> None:
        while True:
            await asyncio.to_thread(self.step)
            await self._clock.sleep(RETRY_S)

    def step(self) -> int:
        """One round; return how many were stamped. Blocking."""
        with self._database.transaction() as session:
            self._queue(session)
            waiting = pending(session, MOST)
        stamped = 0
        for root in waiting:
            try:
                token = self._authority.stamp(root.signature)
            except VmsError as error:
                self._tell_away(error)
                break
            self._keep(root.minute, token)
            stamped += 1
        if stamped:
            self._tell_back()
        return stamped

    def _queue(self, session: Session) -> None:
        root = roots.newest(session)
        last = session.scalar(select(func.max(Stamp.minute)))
        if root is not None and (last is None or root.minute - last >= self._every_minutes):
            values = {"minute": root.minute, "asked_us": self._clock.wall_us()}
            session.execute(insert(Stamp).values(values).on_conflict_do_nothing())

    def _keep(self, minute: int, token: Token) -> None:
        told = {"token": token.response, "stamped_us": self._clock.wall_us(), "tsa_us": token.at_us, "serial": token.serial}
        with self._database.transaction() as session:
            session.execute(update(Stamp).where(Stamp.minute == minute, Stamp.token.is_(None)).values(told))

    def _tell_away(self, error: VmsError) -> None:
        if not self._away:
            self._log.warning("time stamps wait", cause=error.kind, error=error.message)
            self._announce("away", error.message)
        self._away = True

    def _tell_back(self) -> None:
        if self._away:
            self._log.info("time stamps are given again")
            self._announce("ok", "")
        self._away = False

    def _announce(self, state: str, detail: str) -> None:
        with self._database.transaction() as session:
            announce(session, StampingState(self._node, state, count_pending(session), detail))


def pending(session: Session, limit: int) -> Sequence[MinuteRoot]:
    """Roots that wait for their stamp, newest first: that one covers the others."""
    statement = select(MinuteRoot).join(Stamp, Stamp.minute == MinuteRoot.minute).where(Stamp.token.is_(None))
    return session.scalars(statement.order_by(MinuteRoot.minute.desc()).limit(limit)).all()


def count_pending(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Stamp).where(Stamp.token.is_(None))) or 0


def last_stamped_us(session: Session) -> int | None:
    """When the newest token says that it was made."""
    return session.scalar(select(func.max(Stamp.tsa_us)))


def stamps_of(session: Session, minutes: Sequence[int]) -> dict[int, Stamp]:
    return {stamp.minute: stamp for stamp in session.scalars(select(Stamp).where(Stamp.minute.in_(minutes)))}
