"""Roots without a hole through stops, lost and rotated keys; every way to tamper with rows is named. On a real PostgreSQL."""

from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.integrity.signing import POINTS
from tests.record.reports import CAMERA, SECOND_US, T0_US, report
from vms.base.clock import ManualClock, SystemClock
from vms.base.db import Database
from vms.base.errors import VmsError
from vms.base.node_key import ensure_key, load_key
from vms.commands.keys import rotate_key
from vms.integrity import keys, roots
from vms.integrity.signer import Signer
from vms.integrity.statement import holds, read_root
from vms.integrity.verify import Wrong, verify_roots
from vms.record.chain import MINUTE_US
from vms.record.chain_rows import append_tombstone
from vms.record.check_chain import check_chains
from vms.record.committer import commit_segments, segment_id
from vms.record.reports import GapBefore
from vms.record.tellings import Tombstone

pytestmark = pytest.mark.enable_socket
Step = Callable[[int], int]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SystemClock().wall_us() // MINUTE_US * MINUTE_US + MINUTE_US)


@pytest.fixture
def signer(database: Database, tmp_path: Path, clock: ManualClock) -> Signer:
    return Signer(database, "node-1", tmp_path, clock)


def commit(database: Database) -> None:
    """Two segments with a hole between them, in the minute of the machine's clock."""
    with database.transaction() as session:
        later = report(90, 120, gap=GapBefore(T0_US + 60 * SECOND_US, "network"))
        commit_segments(session, [report(0, 60), later])


def minutes(database: Database) -> list[tuple[int, int, bool]]:
    with database.transaction() as session:
        found = roots.roots_of(session, 0, 2**62, 10_000)
        return [(row.minute - found[0].minute, row.tree_size, row.late) for row in found]


def wrongs(database: Database) -> list[Wrong]:
    return [*verify_roots(database), *(Wrong(*fault) for fault in check_chains(database))]


def tamper(database: Database, *statements: str) -> None:
    """As somebody who owns the server: triggers are off."""
    with database.transaction() as session:
        for table in ("chain_records", "minute_roots", "node_keys", "audit_seals"):
            session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        for statement in statements:
            session.execute(text(statement))


def test_each_minute_has_a_signed_root_also_an_empty_one(database: Database, signer: Signer, clock: ManualClock) -> None:
    commit(database)
    signer.step()
    clock.step_mono(MINUTE_US)
    signer.step()
    assert signer.step() is None
    assert minutes(database) == [(0, 3, False), (1, 0, False)]
    assert wrongs(database) == []
    with database.transaction() as session:
        (first, second) = roots.roots_of(session, 0, 2**62, 10)
    told = read_root(second.statement)
    assert told is not None
    assert told.prev_root == first.hash
    assert holds(second.key, second.signature, second.statement)


def test_after_a_stop_the_missing_minutes_are_made_up_and_marked(database: Database, signer: Signer, clock: ManualClock) -> None:
    commit(database)
    signer.step()
    clock.step_mono(2_500 * MINUTE_US)
    rounds = [done.roots for done in iter(signer.step, None)]
    assert rounds == [1_000, 1_000, 500]
    found = minutes(database)
    assert [n for n, _, _ in found] == list(range(2_501))
    assert [late for _, _, late in found] == [False, *[True] * 2_497, False, False, False]
    assert wrongs(database) == []


def test_the_key_file_is_the_owners_alone_and_made_once(database: Database, signer: Signer, tmp_path: Path) -> None:
    signer.step()
    path = tmp_path / "node.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    assert ensure_key(tmp_path).read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["node.key"]


def test_without_its_key_minutes_wait_and_are_signed_late(database: Database, signer: Signer, tmp_path: Path, clock: ManualClock) -> None:
    commit(database)
    signer.step()
    path, away = tmp_path / "node.key", tmp_path / "away"
    for hide in (lambda: path.rename(away), lambda: path.chmod(0o644), lambda: path.write_bytes(b"x")):
        good = path.read_bytes()
        hide()
        clock.step_mono(5 * MINUTE_US)
        with pytest.raises(VmsError):
            signer.step()
        commit(database)  # recording goes on
        away.unlink(missing_ok=True)
        path.write_bytes(good)
        path.chmod(0o600)
        done = signer.step()
        assert done is not None
        assert done.roots == 5
    assert [n for n, _, _ in minutes(database)] == list(range(16))
    assert wrongs(database) == []


def test_a_foreign_key_signs_nothing(database: Database, signer: Signer, tmp_path: Path, clock: ManualClock) -> None:
    signer.step()
    keys.prepare_next(tmp_path)
    (tmp_path / "node.key.next").replace(tmp_path / "node.key")
    clock.step_mono(MINUTE_US)
    with pytest.raises(VmsError, match="another key"):
        signer.step()
    assert len(minutes(database)) == 1


def test_the_old_key_signs_the_new_one(database: Database, database_url: str, signer: Signer, tmp_path: Path, clock: ManualClock) -> None:
    signer.step()
    old = (tmp_path / "node.key").read_bytes()
    told = rotate_key(database_url, tmp_path, "node-1")
    assert len(told) == 64
    assert (tmp_path / "node.key").read_bytes() != old
    clock.step_mono(MINUTE_US)
    signer.step()
    with database.transaction() as session:
        (first, second) = keys.used_keys(session)
        (one, two) = roots.roots_of(session, 0, 2**62, 10)
    assert holds(first.key, second.signature, second.statement)
    assert (one.key, two.key) == (first.key, second.key)
    assert wrongs(database) == []


def test_a_hand_over_that_was_cut_off_is_finished_by_the_signer(
    database: Database, signer: Signer, tmp_path: Path, clock: ManualClock
) -> None:
    signer.step()
    old, new = load_key(tmp_path / "node.key"), keys.prepare_next(tmp_path)
    with database.transaction() as session:
        keys.hand_over(session, "node-1", keys.HandOver(old, new, "rotation"), 1)
    clock.step_mono(MINUTE_US)
    signer.step()
    assert not (tmp_path / "node.key.next").exists()
    assert wrongs(database) == []


def test_a_lost_key_is_replaced_and_every_check_tells_so(
    database: Database, database_url: str, signer: Signer, tmp_path: Path, clock: ManualClock
) -> None:
    signer.step()
    (tmp_path / "node.key").unlink()
    rotate_key(database_url, tmp_path, "node-1", lost="disk failed")
    clock.step_mono(MINUTE_US)
    signer.step()
    assert wrongs(database) == [Wrong("key 2", "not signed by the key before: disk failed")]


@pytest.mark.parametrize(
    ("statement", "item", "what"),
    [
        (f"UPDATE segments SET sha256 = '\\x00' WHERE start_us = {T0_US}", "record 1", "another sha256"),  # noqa: S608
        (f"UPDATE segments SET bytes = bytes + 1 WHERE start_us = {T0_US}", "record 1", "another bytes"),  # noqa: S608
        (f"DELETE FROM segments WHERE start_us = {T0_US}", "record 1", "no row and no tombstone"),  # noqa: S608
        ("UPDATE gaps SET cause = 'operator_stop'", "gap", "not what its record says"),
        ("DELETE FROM gaps", "gap", "a record and no row"),
        ("UPDATE chain_records SET record = record || ' '::bytea WHERE seq = 2", "record 2", "was changed"),
        ("UPDATE chain_records SET value = record WHERE seq = 2", "record 2", "was changed"),
        ("DELETE FROM chain_records WHERE seq = 2", "record 3", "records 2 to 2 are missing"),
        ("DELETE FROM chain_records WHERE seq = 3", "record 3", "the chain ends here"),
        ("UPDATE minute_roots SET root = hash WHERE tree_size = 3", "root of minute", "its statement was changed"),
        ("UPDATE minute_roots SET statement = statement || ' '::bytea WHERE tree_size = 3", "root of minute", "its statement was changed"),
        ("UPDATE minute_roots SET signature = hash || hash WHERE tree_size = 3", "root of minute", "its signature does not hold"),
        ("DELETE FROM minute_roots WHERE minute = (SELECT min(minute) + 1 FROM minute_roots)", "root of minute", "are missing"),
        ("DELETE FROM minute_roots WHERE tree_size = 3", "root of minute", "does not name the statement before"),
        ("DELETE FROM node_keys", "root of minute", "never announced"),
        ("UPDATE node_keys SET signature = signature || '\\x00'", "key 1", "its signature does not hold"),
    ],
)
def test_the_first_bad_item_is_named(
    database: Database, signer: Signer, clock: ManualClock, *, statement: str, item: str, what: str
) -> None:
    commit(database)
    signer.step()
    clock.step_mono(3 * MINUTE_US)
    signer.step()
    tamper(database, statement)
    found = wrongs(database)
    assert found
    assert any(item in wrong.item and what in wrong.what for wrong in found[:2]), found


def test_a_history_rewritten_without_the_key_does_not_match_its_roots(database: Database, signer: Signer) -> None:
    """Rows, records, values and heads all made anew, as the node itself would make them: only the root knows."""
    commit(database)
    signer.step()
    tamper(database, "DELETE FROM segments", "DELETE FROM gaps", "DELETE FROM chain_records", "DELETE FROM chain_heads")
    with database.transaction() as session:
        commit_segments(session, [report(0, 120)])
    assert [wrong.what for wrong in wrongs(database)] == ["its tree has 3 records, 0 are there"]


def test_a_cut_audit_shows_in_the_roots(database: Database, signer: Signer) -> None:
    tamper(database, "INSERT INTO audit_seals VALUES (1, 1, 'r', 1, '\\x00', '\\x01')")
    signer.step()
    assert wrongs(database) == []
    tamper(database, "DELETE FROM audit_seals")
    assert [wrong.what for wrong in wrongs(database)] == ["the audit's seal 1 was changed or is missing"]


def test_deleted_segments_are_explained_by_their_tombstone_and_no_more_of_them(database: Database) -> None:

    reports = [report(n * 60, n * 60 + 60) for n in range(4)]
    with database.transaction() as session:
        commit_segments(session, reports)
        ids = [segment_id(r.volume, r.path) for r in reports]
        append_tombstone(session, Tombstone(CAMERA, "main", ids[0], ids[2], 2, 1, "age", "retention"))
    tamper(database, f"DELETE FROM segments WHERE start_us IN ({reports[0].start_us}, {reports[2].start_us})")  # noqa: S608
    assert wrongs(database) == []
    tamper(database, f"DELETE FROM segments WHERE start_us = {reports[1].start_us}")  # noqa: S608
    assert [wrong.what for wrong in wrongs(database)] == ["the segment has no row and no tombstone"]


@pytest.mark.parametrize("point", POINTS)
def test_a_process_that_is_killed_while_it_signs_leaves_no_minute_out_and_none_with_two_roots(
    database: Database, signer: Signer, clock: ManualClock, tmp_path: Path, point: str
) -> None:
    commit(database)
    signer.step()
    clock.step_mono(3 * MINUTE_US)
    arguments = [database.url, str(tmp_path), str(clock.wall_us()), point]
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-m", "tests.integrity.signing", *arguments], stdout=subprocess.PIPE, cwd=root) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"here\n"
        process.kill()
    with database.transaction() as session:
        before = {row.minute: row.statement for row in roots.roots_of(session, 0, 2**62, 100)}
        commit_segments(session, [report(200, 260)])  # recording goes on, behind the minutes that were closed
    assert len(before) == (4 if point == "kept" else 1)
    signed = signer.step()
    assert (signed.roots if signed else 0) == 4 - len(before)
    clock.step_mono(10 * MINUTE_US)
    signer.step()
    with database.transaction() as session:
        after = roots.roots_of(session, 0, 2**62, 100)
        assert sum(row.tree_size for row in after) == session.scalar(text("SELECT count(*) FROM chain_records"))
    assert [row.minute - after[0].minute for row in after] == list(range(14))
    assert before.items() <= {row.minute: row.statement for row in after}.items(), "what was published stays as it was"
    assert wrongs(database) == []
