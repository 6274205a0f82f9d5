"""The judges themselves: what is wrong is told, and what is right is not."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from tests.faults.invariants import Held, Row, held_and_lost

DATA = b"a held recording"
ROW = Row("disk", "camera/main/day/1.mp4", len(DATA), hashlib.sha256(DATA).digest(), "ok")
HELD = Held("hold", (ROW,))


def write(top: Path, data: bytes) -> dict[str, Path]:
    path = top / ROW.path
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    return {"disk": top}


def test_what_is_held_and_whole_is_nothing_to_tell(tmp_path: Path) -> None:
    assert held_and_lost(HELD, [ROW], write(tmp_path, DATA)) == []


def test_a_changed_bit_under_a_hold_is_told(tmp_path: Path) -> None:
    (line,) = held_and_lost(HELD, [ROW], write(tmp_path, b"A" + DATA[1:]))
    assert "changed" in line


def test_a_file_that_is_gone_under_a_hold_is_told(tmp_path: Path) -> None:
    (line,) = held_and_lost(HELD, [ROW], {"disk": tmp_path})
    assert "file is gone" in line


def test_a_row_that_is_gone_or_another_under_a_hold_is_told(tmp_path: Path) -> None:
    places = write(tmp_path, DATA)
    for now in ([], [replace(ROW, size=1)], [replace(ROW, sha256=b"")]):
        (line,) = held_and_lost(HELD, now, places)
        assert "row is gone or another" in line
