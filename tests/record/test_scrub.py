"""Bit rot: one bit in some of many segment files, written by the recorder's own writer; all found, none besides, the GOP named."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.record.chunks import FRAME_US, T0_US, begin, chunks, fake_init
from vms.base.clock import SystemClock
from vms.base.db import Database
from vms.base.journal_models import InboxRow
from vms.base.timespan import Span
from vms.owner.integrity import ScrubNow
from vms.owner.requests import Actor
from vms.record import gop_table, queries
from vms.record.check import check
from vms.record.committer import commit_segments, in_batches
from vms.record.damage import locate
from vms.record.damages import passes
from vms.record.models import Damage, Segment
from vms.record.reader import with_damage
from vms.record.scrub import Scrub
from vms.record.seed import Seeder
from vms.storage.files import RealFiles
from vms.storage.seals import SEAL_BYTES
from vms.storage.volumes import Volume, open_volume

NODE = Actor("node", "node", "node")
pytestmark = pytest.mark.enable_socket


class QuickFiles(RealFiles):
    """Nothing waits for the disk."""

    def fsync(self, fd: int) -> None: ...

    def syncfs(self, root: int) -> None: ...

    def fsync_dir(self, root: int, path: str) -> None: ...


def record(database: Database, folder: Path, segments: int) -> Volume:
    """Segments of three GOPs each, some hundred to a camera."""
    volume = open_volume(str(folder), "node-1", QuickFiles(), create=True)
    seeder = Seeder(volume, SystemClock(), segment_us=30 * FRAME_US, file_init=fake_init)
    per_camera = min(segments, 250)
    for number in range(segments // per_camera):
        camera = f"aaaaaaaa-0000-4000-8000-{number:012d}"
        seeder.add(camera, "main", begin(f"11111111-1111-4111-8111-{number:012d}"), chunks(30 * per_camera, per_chunk=10))
    for batch in in_batches(seeder.finish()):
        with database.transaction() as session:
            commit_segments(session, batch)
    return volume


def rows_of(database: Database) -> Sequence[Segment]:
    with database.transaction() as session:
        return session.scalars(select(Segment).order_by(Segment.path)).all()


def flip(volume: Volume, row: Segment, offset: int, bit: int = 0) -> None:
    path = Path(volume.absolute(row.path))
    data = bytearray(path.read_bytes())
    data[offset] ^= 1 << bit
    path.write_bytes(bytes(data))


def scrub(database: Database, volume: Volume) -> None:
    """One whole pass, as an operator would ask for."""
    task = Scrub(database, {volume.id: volume}, SystemClock(), 0)

    async def life() -> None:
        running = asyncio.ensure_future(task.run())
        await asyncio.to_thread(ask)
        while not await asyncio.to_thread(finished):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    def ask() -> None:
        with database.transaction() as session:
            task.ask_now(session, NODE, ScrubNow())

    def finished() -> bool:
        with database.transaction() as session:
            found = passes(session)
            return bool(found) and found[0].finished_started_us == found[0].started_us

    asyncio.run(life())


def rot(database: Database, folder: Path, segments: int, flipped: int) -> None:
    volume = record(database, folder, segments)
    rows = rows_of(database)
    assert len(rows) == segments
    chance = random.Random(7)
    hit: dict[str, tuple[int, int]] = {}
    for row in chance.sample(rows, flipped):
        offset = chance.randrange(row.bytes)
        gops = gop_table.unpack(row.gops, row.start_us)
        inside = [g for g in gops if g.offset <= offset < g.offset + g.size + SEAL_BYTES]
        hit[row.id] = (inside[0].start_us, inside[0].end_us) if inside else (row.start_us, row.end_us)
        flip(volume, row, offset, chance.randrange(8))
    scrub(database, volume)
    with database.transaction() as session:
        found = {damage.segment_id: (damage.start_us, damage.end_us) for damage in session.scalars(select(Damage))}
        assert session.scalar(select(func.count()).select_from(Segment).where(Segment.state == "damaged")) == flipped
        told = session.scalar(select(func.count()).select_from(InboxRow).where(InboxRow.type == "segment.damaged"))
        (state,) = passes(session)
    assert found == hit
    assert told == flipped
    assert (state.finished_segments, state.damaged, state.bytes) == (segments, flipped, sum(row.bytes for row in rows))
    volume.close()


def test_a_flipped_bit_is_found_wherever_it_is_and_its_gop_is_named(database: Database, tmp_path: Path) -> None:
    rot(database, tmp_path, 200, 20)


@pytest.mark.scenario
@pytest.mark.long
@pytest.mark.timeout(230)
def test_five_hundred_flipped_bits_in_ten_thousand_segments_are_found(database: Database, tmp_path: Path) -> None:
    rot(database, tmp_path, 10_000, 500)


def test_each_bit_of_a_file_belongs_to_a_part(database: Database, tmp_path: Path) -> None:
    """Every byte of a small file in turn: a GOP, its seal, what stands before, the closing table."""
    volume = record(database, tmp_path, 1)
    (row,) = rows_of(database)
    whole = Path(volume.absolute(row.path)).read_bytes()
    gops = gop_table.unpack(row.gops, row.start_us)
    for offset in range(row.bytes):
        data = bytearray(whole)
        data[offset] ^= 4
        parts = locate(lambda count, at, data=data: bytes(data[at : at + count]), len(data), row)
        number = next((n for n, g in enumerate(gops) if g.offset <= offset < g.offset + g.size + SEAL_BYTES), None)
        assert len(parts) == 1, offset
        if number is not None:
            what = "changed" if offset < gops[number].offset + gops[number].size else "its seal is changed"
            assert parts[0] == (gops[number].start_us, gops[number].end_us, f"GOP {number}: {what}")
        else:
            assert "every GOP holds" in parts[0].what
            assert ("before the first GOP" in parts[0].what) == (offset < gops[0].offset)
    volume.close()


def test_a_file_that_is_gone_cut_or_longer_is_found_and_one_that_came_back_is_whole_again(database: Database, tmp_path: Path) -> None:
    volume = record(database, tmp_path, 4)
    cut, gone, longer, good = rows_of(database)
    path, copy = Path(volume.absolute(cut.path)), Path(volume.absolute(cut.path)).read_bytes()
    path.write_bytes(copy[: cut.bytes // 2])
    Path(volume.absolute(gone.path)).unlink()
    with Path(volume.absolute(longer.path)).open("ab") as file:
        file.write(b"x")
    scrub(database, volume)
    assert [row.state for row in rows_of(database)] == ["damaged", "missing", "damaged", "ok"]
    assert good.state == "ok"
    path.write_bytes(copy)
    scrub(database, volume)
    assert [row.state for row in rows_of(database)] == ["ok", "missing", "damaged", "ok"]
    volume.close()


def test_only_the_damaged_gop_is_damaged_on_the_timeline(database: Database, tmp_path: Path) -> None:
    volume = record(database, tmp_path, 3)
    row = rows_of(database)[1]
    gop = gop_table.unpack(row.gops, row.start_us)[1]
    flip(volume, row, gop.offset + 20)
    scrub(database, volume)
    with database.transaction() as session:
        spans = queries.spans(session, row.camera_id, "main", Span(T0_US, T0_US + 10**9))
        told = with_damage(spans, [Span(gop.start_us, gop.end_us)])
    end_us = T0_US + 90 * FRAME_US
    expected = [(T0_US, row.start_us, "ok"), (row.start_us, gop.start_us, "ok")]
    expected += [(gop.start_us, gop.end_us, "damaged"), (gop.end_us, row.end_us, "ok"), (row.end_us, end_us, "ok")]
    assert sorted((s.start_us, s.end_us, s.state) for s in told) == expected
    volume.close()


def test_the_check_names_the_gop_of_a_changed_file(database: Database, tmp_path: Path) -> None:
    volume = record(database, tmp_path, 2)
    row = rows_of(database)[0]
    gop = gop_table.unpack(row.gops, row.start_us)[2]
    assert check(database, [volume], pause=lambda _: None).ok
    flip(volume, row, gop.offset + 9)
    result = check(database, [volume], pause=lambda _: None)
    assert result.changed == 1
    assert any(f"changed {row.path}: GOP 2: changed [{gop.start_us}, {gop.end_us})" in finding for finding in result.findings)
    volume.close()
