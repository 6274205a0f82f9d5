"""docs/ref/segment-file.md lets a stranger check a file: its lines are run as printed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.storage.segments import segment

PAGE = Path(__file__).parents[2] / "docs" / "ref" / "segment-file.md"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    found = re.search(r"```bash\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found
    path = tmp_path / "check.sh"
    path.write_text(found[1], "utf-8")
    return path


def run(script: Path, data: bytes) -> tuple[int, str]:
    file = script.parent / "segment.mp4"
    file.write_bytes(data)
    done = subprocess.run(["bash", str(script), str(file)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.strip()


def test_a_whole_file_holds(script: Path) -> None:
    data, _, table = segment(3)
    assert run(script, data + table) == (0, "3 GOPs hold")


def test_a_changed_byte_is_found(script: Path) -> None:
    data, gops, table = segment(3)
    changed = bytearray(data + table)
    changed[gops[1].offset + 20] ^= 1
    assert run(script, bytes(changed)) == (1, "GOP 1 changed")


def test_a_changed_seal_is_found(script: Path) -> None:
    data, gops, table = segment(3)
    changed = bytearray(data + table)
    changed[gops[0].offset + gops[0].size + 40] ^= 1
    assert run(script, bytes(changed)) == (1, "chain broken before GOP 1")
