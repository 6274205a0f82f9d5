"""A power cut at any operation of a script, and what must hold when the node is there again.

`Bench` has one database for thousands of states: the index is emptied between them, what was committed before the cut is put back in.
Then the node's own recovery runs on the files, unattended, and `judge` compares index, files and what the cameras had sent.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from sqlalchemy import select, text

from tests.faults.files import Log, Op, WatchedFiles
from tests.faults.replay import disk_of, put_down, replay
from tests.faults.scripts import GOP_US, NODE, Tape, after_opening
from vms.base.db import Database
from vms.base.timespan import Span, gaps
from vms.record.check import check
from vms.record.committer import commit_segments
from vms.record.models import Gap, Segment
from vms.record.recovery import Recovered, recover_volume
from vms.storage.files import Files, RealFiles
from vms.storage.scan import scan
from vms.storage.volumes import open_volume

UNSYNCED_US = 2_000_000  # the longest time between two syncs
JOINT_US = 1_000  # two segments of a run touch to the microsecond; rounding of frames is less than this


@dataclass(frozen=True)
class Cut:
    """Where the power failed: the files, the rows that stand, and the state's name for a message."""

    name: str
    files: dict[str, bytes | None]
    rows: tuple[str, ...]
    upto: int


def cut(tape: Tape, upto: int, seed: int) -> Cut:
    """Acknowledged commits stand; the one under way is there or not."""
    chance = random.Random(f"{seed}/{upto}")
    acknowledged: list[str] = []
    under_way: list[str] = []
    for op in tape.log.ops[:upto]:
        if op.name == "committing":
            under_way = json.loads(op.path)
        elif op.name == "committed":
            acknowledged += json.loads(op.path)
            under_way = []
    rows = acknowledged + (under_way if chance.random() < 0.5 else [])
    return Cut(f"cut after operation {upto}, seed {seed}", replay(tape.log.ops, upto, chance), tuple(rows), upto)


class Bench:
    """Makes states real and recovers them."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        with database.transaction() as session:  # no node of ours may; between two states the chain begins anew
            session.execute(text("ALTER TABLE chain_records DISABLE TRIGGER USER"))

    def recovered(self, tape: Tape, state: Cut, files: Files | None = None) -> Recovered:
        """The node's first start after the cut."""
        self._lay(state.files)
        with self._database.transaction() as session:
            session.execute(text("DELETE FROM segments"))
            session.execute(text("DELETE FROM gaps"))
            session.execute(text("DELETE FROM chain_records"))
            session.execute(text("DELETE FROM chain_heads"))
            commit_segments(session, [tape.reports[path] for path in state.rows])
        return self._recover(tape, files or RealFiles())

    def recovered_twice(self, tape: Tape, state: Cut, seed: int) -> tuple[Cut, Recovered]:
        """Power fails again in the midst of that start, or right behind it; then the node starts a third time."""
        log = Log()
        self.recovered(tape, state, WatchedFiles(log))
        chance = random.Random(f"again {seed}/{state.upto}")
        upto = chance.randint(0, len(log.ops))
        disk = disk_of(state.files)
        for op in log.ops[:upto]:
            disk.do(op)
        again = replace(state, name=f"{state.name}, cut again after operation {upto} of the recovery", files=disk.cut(chance))
        if upto < len(log.ops):
            return again, self.recovered(tape, again)
        self._lay(again.files)  # the recovery's own rows were committed
        return again, self._recover(tape, RealFiles())

    def _lay(self, files: dict[str, bytes | None]) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        put_down(files, self._folder)

    def _recover(self, tape: Tape, files: Files) -> Recovered:
        volume = open_volume(str(self._folder), NODE, files, expect=tape.volume)
        try:
            return recover_volume(self._database, volume)
        finally:
            volume.close()

    def judge(self, tape: Tape, state: Cut, found: Recovered, unsynced_us: int = UNSYNCED_US) -> list[str]:
        """What is wrong with the recovered state; empty when nothing is."""
        wrong = [f"{kind}: {getattr(found, kind)}" for kind in ("busy", "unreadable") if getattr(found, kind)]
        wrong += [f"unproved, and left: {path}" for path in found.unproved if (self._folder / path).exists()]
        wrong += self._index_and_files(tape)
        rows, holes = self._rows()
        known = {row.path for row in rows}
        if lost := set(state.rows) - known:
            wrong.append(f"committed rows are gone: {sorted(lost)}")
        if len(known) != len(rows):
            wrong.append("a file is committed twice")
        if again := self._recover(tape, RealFiles()).committed:
            wrong.append(f"committed again by a second pass: {again}")
        wrong += [f"gap of unknown cause: {hole.start_us}..{hole.end_us}" for hole in holes if hole.cause == "unknown"]
        for camera, spans in sent(tape.log.ops[: state.upto]).items():
            recorded = sorted(span for row in rows if row.camera_id == camera for span in self._proved(row))
            told = [Span(hole.start_us, hole.end_us) for hole in holes if hole.camera_id == camera]
            told += [Span(row.start_us, row.end_us) for row in rows if row.camera_id == camera and row.state == "suspect"]
            wrong += _accounted(camera, spans, recorded, told, GOP_US + unsynced_us + tape.refused_us)
        return wrong

    def _index_and_files(self, tape: Tape) -> list[str]:
        """I1 and I3 by the product's own check, I1 and I2 once more without any of its code for hashes and rows."""
        volume = open_volume(str(self._folder), NODE, RealFiles(), expect=tape.volume)
        try:
            result = check(self._database, [volume], pause=lambda _: None)
        finally:
            volume.close()
        wrong = [] if result.ok else [f"vms check: {result.findings}"]
        there = {str(path.relative_to(self._folder)): path for path in self._folder.rglob("*.mp4")}
        rows, _ = self._rows()
        for row in rows:
            path = there.pop(row.path, None)
            if path is None or hashlib.sha256(path.read_bytes()).digest() != row.sha256:
                wrong.append(f"a row's file is not what the row says: {row.path}")
        return wrong + [f"no row: {path}" for path in there]

    def _proved(self, row: Segment) -> list[Span]:
        """A segment that is told as suspect counts with what its seals prove."""
        if row.state == "ok":
            return [Span(row.start_us, row.end_us)]
        data = (self._folder / row.path).read_bytes()
        proved = scan(lambda count, offset: data[offset : offset + count], len(data))
        return [Span(proved.head.start_us, proved.end_us)] if proved.gops else []

    def _rows(self) -> tuple[Sequence[Segment], Sequence[Gap]]:
        with self._database.transaction() as session:
            return session.scalars(select(Segment)).all(), session.scalars(select(Gap)).all()


def sent(ops: Iterable[Op]) -> dict[str, list[Span]]:
    """What each camera had handed to the recorder, as spans."""
    spans: dict[str, list[Span]] = {}
    for op in ops:
        if op.name == "fed":
            camera, pieces = json.loads(op.path)
            spans.setdefault(camera, []).extend(Span(*piece) for piece in pieces)
    return spans


def _accounted(camera: str, spans: list[Span], recorded: list[Span], told: list[Span], most_us: int) -> list[str]:
    """At most `most_us` of what a camera sent are lost, and up to the last recorded instant each hole is told."""
    wrong: list[str] = []
    lost_us = sum(left.end_us - left.start_us for span in spans for left in gaps(span, recorded))
    if lost_us > most_us:
        wrong.append(f"{camera}: {lost_us} µs of what it sent are lost, {most_us} are allowed")
    if recorded:
        whole = Span(recorded[0].start_us, recorded[-1].end_us)
        untold = [left for left in gaps(whole, sorted([*recorded, *told])) if left.end_us - left.start_us > JOINT_US]
        wrong += [f"{camera}: neither recorded nor told as a gap: {left}" for left in untold]
        wrong += [f"{camera}: spans overlap at {b}" for a, b in pairwise(recorded) if b.start_us < a.end_us]
    return wrong


def cuts(tape: Tape, count: int, seed: int) -> Iterator[Cut]:
    """`count` states; every operation of the log is cut at before one is cut at twice."""
    first, last = after_opening(tape), len(tape.log.ops)
    places = list(range(first, last + 1))
    chance = random.Random(seed)
    while count > 0:
        chance.shuffle(places)
        for upto in places[:count]:
            yield cut(tape, upto, chance.randrange(1 << 32))
        count -= len(places)


def judged(bench: Bench, tape: Tape, count: int, seed: int) -> list[str]:
    """The first states that are wrong, with what is wrong with them; half of them are cut a second time."""
    bad: list[str] = []
    for number, state in enumerate(cuts(tape, count, seed)):
        found = bench.recovered(tape, state)
        wrong = bench.judge(tape, state, found)
        if not wrong and number % 2:
            again, found = bench.recovered_twice(tape, state, seed)
            wrong = [f"{again.name}: {line}" for line in bench.judge(tape, again, found)]
        if wrong:
            bad.append(f"{state.name}: {'; '.join(wrong)}")
    return bad
