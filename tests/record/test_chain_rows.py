"""What the committer tells the chain: in one transaction with the rows, without holes, whoever else appends; on a real PostgreSQL."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import event, text

from tests.record.reports import CAMERA, SECOND_US, T0_US, VOLUME, report
from vms.base.db import Database
from vms.base.errors import VmsError
from vms.base.timespan import Span
from vms.record import chain_rows
from vms.record.chain import MINUTE_US, Link, Stream, parse, verify
from vms.record.committer import commit_segments, segment_id
from vms.record.reports import GapBefore, SegmentReport
from vms.record.tellings import Tombstone

STREAM = Stream(CAMERA, "main")
pytestmark = pytest.mark.enable_socket


def commit(database: Database, *reports: SegmentReport, rebuilding: bool = False) -> None:
    with database.transaction() as session:
        commit_segments(session, reports, rebuilding=rebuilding)


def links(database: Database, stream: Stream = STREAM) -> list[Link]:
    with database.transaction() as session:
        return [Link(r.seq, r.record, r.value) for page in chain_rows.walk(session, stream, 0, 2**62, 7) for r in page]


def told(database: Database, stream: Stream = STREAM) -> list[tuple[object, ...]]:
    """Kind and span of each record, in seconds after T0."""
    found: list[tuple[object, ...]] = []
    for item in links(database, stream):
        fields = parse(item.bytes) or {}
        first, last = (fields.get(f"t_wall_{n}", fields.get(o)) for n, o in (("start", "from"), ("end", "to")))
        span = [(value - T0_US) / SECOND_US if isinstance(value, int) else None for value in (first, last)]
        found.append((fields["type"], *span))
    return found


def at(second: float) -> int:
    return T0_US + int(second * SECOND_US)


def test_each_segment_and_each_gap_is_told_once(database: Database) -> None:
    for _ in range(2):
        commit(database, report(0, 60), report(90, 120, gap=GapBefore(at(60), "network")))
    assert told(database) == [("segment", 0, 60), ("gap", 60, 90), ("segment", 90, 120)]
    assert verify(links(database)) is None
    fields = parse(links(database)[0].bytes) or {}
    assert fields["segment_id"] == segment_id(VOLUME, report(0, 60).path)


def test_a_late_segment_adds_records_that_say_what_is_left_of_the_gap(database: Database) -> None:
    commit(database, report(0, 60), report(100, 120, gap=GapBefore(at(60), "worker_crash")))
    before = links(database)
    commit(database, report(60, 95, reason="crash"))
    assert links(database)[:3] == before
    assert told(database)[3:] == [("gap", 60, 60), ("gap", 95, 100), ("segment", 60, 95)]
    assert verify(links(database)) is None


def test_a_gap_whose_clock_was_set_is_told_with_the_step(database: Database) -> None:
    commit(database, report(0, 60), report(90, 120, gap=GapBefore(at(60), "clock_step")))
    assert told(database) == [("segment", 0, 60), ("gap", 60, 90), ("clock", 60, 90), ("segment", 90, 120)]


def test_a_transaction_that_fails_leaves_no_number_unused(database: Database) -> None:
    with pytest.raises(RuntimeError), database.transaction() as session:
        commit_segments(session, [report(0, 60)])
        raise RuntimeError
    commit(database, report(0, 60))
    assert [item.seq for item in links(database)] == [1]


def test_writers_at_once_make_one_chain_without_a_hole(database: Database) -> None:
    cameras = [f"aaaaaaaa-0000-4000-8000-00000000000{n}" for n in range(1, 4)]
    lots = [[report(n * 60, n * 60 + 60, camera=c) for c in cameras[:: 1 if n % 2 else -1]] for n in range(24)]

    def work(mine: list[list[SegmentReport]]) -> None:
        for lot in mine:
            commit(database, *lot)

    threads = [threading.Thread(target=work, args=(lots[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for camera in cameras:
        found = links(database, Stream(camera, "main"))
        assert verify(found) is None
        assert sum((parse(item.bytes) or {})["type"] == "segment" for item in found) == 24


def test_a_new_epoch_begins_where_the_restored_database_ends(database: Database) -> None:
    commit(database, report(0, 60))
    with database.transaction() as session:
        session.execute(text("UPDATE journal_head SET epoch = 5"))
    commit(database, report(60, 120))
    assert [kind for kind, *_ in told(database)] == ["segment", "epoch", "segment"]
    assert [(parse(i.bytes) or {})["epoch"] for i in links(database)] == [1, 5, 5]
    assert verify(links(database)) is None


def test_an_index_made_anew_tells_the_chain_only_what_it_does_not_know(database: Database) -> None:
    one, two = report(0, 60), report(90, 120, gap=GapBefore(at(60), "network"))
    commit(database, one, two)
    before = links(database)
    with database.transaction() as session:
        session.execute(text("TRUNCATE segments, gaps"))
    commit(database, one, two, rebuilding=True)
    assert links(database) == before
    commit(database, report(120, 180), rebuilding=True)
    assert told(database)[3:] == [("segment", 120, 180)]


def test_a_tombstone_names_the_records_of_what_went(database: Database) -> None:
    reports = [report(n * 60, n * 60 + 60) for n in range(5)]
    commit(database, *reports)
    ids = [segment_id(r.volume, r.path) for r in reports]
    with database.transaction() as session:
        chain_rows.append_tombstone(session, Tombstone(CAMERA, "main", ids[0], ids[2], 3, 30_000, "older than 30 d", "retention"))
    fields = parse(links(database)[-1].bytes) or {}
    assert {k: fields[k] for k in ("type", "first_seq", "last_seq", "count", "bytes", "rule", "actor")} == {
        "type": "tombstone",
        "first_seq": 1,
        "last_seq": 3,
        "count": 3,
        "bytes": 30_000,
        "rule": "older than 30 d",
        "actor": "retention",
    }
    assert verify(links(database)) is None


def test_no_record_joins_a_minute_that_was_closed(database: Database) -> None:
    now_us = 1_800_000_000_000_000
    minute = now_us // MINUTE_US
    with database.transaction() as session:
        chain_rows.close_minutes(session, minute + 3)
    with database.transaction() as session:
        assert chain_rows.open_book(session, [STREAM], now_us).context.minute == minute + 4
        assert chain_rows.open_book(session, [STREAM], now_us + 10 * MINUTE_US).context.minute == minute + 10


def test_closing_a_minute_waits_for_the_writer_in_the_middle(database: Database) -> None:
    done = threading.Event()

    def close() -> None:
        with database.transaction() as session:
            chain_rows.close_minutes(session, 2**40)
        done.set()

    with database.transaction() as session:
        chain_rows.open_book(session, [STREAM])
        thread = threading.Thread(target=close)
        thread.start()
        assert not done.wait(0.3)
    thread.join()
    assert done.is_set()


def test_rows_of_the_chain_only_grow(database: Database) -> None:
    commit(database, report(0, 60))
    for statement in ("UPDATE chain_records SET record = ''", "DELETE FROM chain_records", "TRUNCATE chain_records"):
        with pytest.raises(VmsError, match="only grow"), database.transaction() as session:
            session.execute(text(statement))


def test_the_records_of_a_span_are_found_by_what_they_speak_of(database: Database) -> None:
    commit(database, *[report(n * 60, n * 60 + 60) for n in range(10)])
    with database.transaction() as session:
        assert chain_rows.seqs_of_span(session, STREAM, Span(at(130), at(250))) == (3, 5)
        assert chain_rows.seqs_of_span(session, STREAM, Span(at(700), at(800))) is None


def test_the_chain_costs_a_batch_a_fixed_number_of_statements(database: Database) -> None:
    """So a batch of 100 stays far below 200 ms and no writer holds up another camera's for long."""
    cameras = [f"aaaaaaaa-0000-4000-8000-{n:012d}" for n in range(100)]
    commit(database, *[report(0, 60, camera=c) for c in cameras])
    sent: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    commit(database, *[report(60, 120, camera=c) for c in cameras])
    assert sum("chain_" in s or "advisory" in s for s in sent) == 6
