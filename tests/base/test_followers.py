"""The Sealer seals soon after a commit, Followers apply each fact once, and other processes are told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from vms.base.clock import SystemClock
from vms.base.db import Database
from vms.base.errors import Kind, VmsError
from vms.base.feed import Feed, fact_id, parse_fact_id
from vms.base.followers import Follower, Sealer, listen
from vms.base.journal import Position, SealedFact, announce, open_journal, seal_once


@dataclass(frozen=True)
class Said:
    type: ClassVar[str] = "test.said"
    subject_kind: ClassVar[str] = "test"
    subject_id: str

    def data(self) -> Mapping[str, Any]:
        return {}


def say(database: Database, *words: str) -> None:
    with database.transaction() as session:
        announce(session, *(Said(w) for w in words))


@pytest.fixture
def journal(database: Database) -> Database:
    with database.transaction() as session:
        open_journal(session)
        session.execute(text("CREATE TABLE effects (word text PRIMARY KEY)"))
    return database


def write_effects(session: Session, facts: list[SealedFact]) -> None:
    for fact in facts:
        session.execute(text("INSERT INTO effects VALUES (:word)"), {"word": fact.subject_id})


def effects(database: Database) -> list[str]:
    with database.transaction() as session:
        return list(session.execute(text("SELECT word FROM effects ORDER BY word")).scalars())


def test_a_follower_applies_each_fact_once_over_restarts_and_failures(journal: Database) -> None:
    say(journal, "a", "b")
    seal_once(journal, SystemClock())
    assert Follower("effects", journal, SystemClock(), write_effects).step(limit=1) == 1

    def fail_after(session: Session, facts: list[SealedFact]) -> None:
        write_effects(session, facts)
        raise VmsError(Kind.UNAVAILABLE, "killed before the commit")

    with pytest.raises(VmsError):
        Follower("effects", journal, SystemClock(), fail_after).step()
    restarted = Follower("effects", journal, SystemClock(), write_effects)
    assert [restarted.step(), restarted.step()] == [1, 0]
    assert effects(journal) == ["a", "b"]


def test_two_of_one_follower_at_once_double_nothing(journal: Database) -> None:
    say(journal, *(f"{n:03}" for n in range(200)))
    seal_once(journal, SystemClock())
    followers = [Follower("effects", journal, SystemClock(), write_effects) for _ in range(3)]
    Follower("effects", journal, SystemClock(), write_effects).step(limit=1)  # the cursor exists

    def run(follower: Follower) -> None:
        while follower.step(limit=7):
            pass

    threads = [threading.Thread(target=run, args=(f,)) for f in followers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(effects(journal)) == 200


def test_a_commit_reaches_followers_and_the_feed_well_before_the_poll(journal: Database) -> None:
    async def main() -> None:
        clock = SystemClock()
        sealer, applied = Sealer(journal, clock), asyncio.Event()
        loop = asyncio.get_running_loop()

        def apply(session: Session, facts: list[SealedFact]) -> None:
            write_effects(session, facts)
            if facts[-1].subject_id == "late":
                loop.call_soon_threadsafe(applied.set)

        follower, feed = Follower("effects", journal, clock, apply), Feed(journal, clock)
        sealer.on_sealed += [follower.ring, feed.ring]
        tasks = [asyncio.ensure_future(sealer.run()), asyncio.ensure_future(follower.run())]
        await asyncio.to_thread(say, journal, "early")
        await feed.wait(0, 10)
        mark = feed.mark()
        assert mark >= 1
        await asyncio.to_thread(say, journal, "late")
        await asyncio.wait_for(applied.wait(), 10)
        await feed.wait(mark, 10)
        assert [f.subject_id for f in await asyncio.to_thread(feed.read, None, (), 10)] == ["early", "late"]
        assert await asyncio.to_thread(feed.newest) == "1-2"
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    asyncio.run(main())
    assert effects(journal) == ["early", "late"]


def test_another_process_is_told_by_the_database(journal: Database) -> None:
    news = listen(journal, poll_s=0.01)
    assert next(news) is False
    say(journal, "a")
    seal_once(journal, SystemClock())
    assert any(next(news) for _ in range(500))
    news.close()


def test_a_feed_is_read_behind_an_id_and_by_type(journal: Database) -> None:
    async def make() -> Feed:
        return Feed(journal, SystemClock())

    feed = asyncio.run(make())
    assert feed.newest() is None
    say(journal, "a", "b")
    seal_once(journal, SystemClock())
    assert [f.subject_id for f in feed.read("1-1", (), 10)] == ["b"]
    assert feed.read(None, ("other",), 10) == []


def test_an_id_that_is_no_position_is_refused() -> None:
    assert parse_fact_id(fact_id(Position(3, 12))) == (3, 12)
    for wrong in ("", "1", "1-", "-1", "a-b", "1-2-3", "1-²", "9" * 30 + "-1"):
        with pytest.raises(VmsError) as caught:
            parse_fact_id(wrong)
        assert caught.value.kind is Kind.BAD_REQUEST
