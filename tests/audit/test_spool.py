"""Entries in the spool survive crashes and reach the database once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from stat import S_IMODE

import pytest

from vms.audit.chain import Entry
from vms.audit.spool import Spool
from vms.base.errors import Kind, VmsError


def entry(number: int) -> Entry:
    return Entry(id=str(number), at_us=number, actor="李\udcff", action="live")


def test_entries_come_out_as_they_went_in_and_the_spool_is_empty_then(tmp_path: Path) -> None:
    spool, out = Spool(tmp_path / "audit.spool"), list[Entry]()
    assert spool.merge(out.extend) == 0
    spool.append(entry(1))
    spool.append(entry(2))
    assert S_IMODE((tmp_path / "audit.spool").stat().st_mode) == 0o600
    assert spool.merge(out.extend) == 2
    assert out == [entry(1), entry(2)]
    assert list(tmp_path.iterdir()) == []


def test_entries_stay_when_the_database_refuses_them(tmp_path: Path) -> None:
    spool, out = Spool(tmp_path / "audit.spool"), list[Entry]()
    spool.append(entry(1))

    def away(_: list[Entry]) -> None:
        raise VmsError(Kind.UNAVAILABLE, "the database is away")

    with pytest.raises(VmsError):
        spool.merge(away)
    spool.append(entry(2))
    assert spool.merge(out.extend) == 2


def test_a_line_cut_by_a_crash_is_left_out_and_the_others_stay(tmp_path: Path) -> None:
    spool, out = Spool(tmp_path / "audit.spool"), list[Entry]()
    spool.append(entry(1))
    spool.append(entry(2))
    path = tmp_path / "audit.spool"
    path.write_bytes(path.read_bytes()[:-5])
    assert spool.merge(out.extend) == 1
    assert out == [entry(1)]


def test_writers_and_a_merger_at_once_lose_nothing(tmp_path: Path) -> None:
    path, out = tmp_path / "audit.spool", list[Entry]()
    with ThreadPoolExecutor(5) as pool:
        writing = [pool.submit(Spool(path).append, entry(n)) for n in range(100)]
        while not all(w.done() for w in writing):
            Spool(path).merge(out.extend)
        for written in writing:
            written.result()
    Spool(path).merge(out.extend)
    assert sorted(int(e.id) for e in out) == list(range(100))


def test_a_full_or_unwritable_spool_refuses(tmp_path: Path) -> None:
    with pytest.raises(VmsError) as full:
        Spool(tmp_path / "a", max_bytes=10).append(entry(1))
    assert full.value.kind is Kind.DISK_FULL
    with pytest.raises(VmsError) as broken:
        Spool(tmp_path / "missing" / "a").append(entry(1))
    assert broken.value.kind is Kind.IO_ERROR
