"""docs/ref/faults.md tells which test holds which fault: the tests exist, and no fault of the recorder is passed over in silence."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| ([SWCTD]\d+) \|[^|]+\|([^|]*)\|([^|]*)\|$", re.MULTILINE)
MANY = {"S": 14, "W": 15, "C": 14, "T": 4, "D": 9}


def rows() -> dict[str, tuple[str, str]]:
    return {name: (held, missing) for name, held, missing in ROW.findall((ROOT / "docs/ref/faults.md").read_text())}


def test_every_fault_of_the_recorder_has_its_row() -> None:
    assert list(rows()) == [f"{letter}{number}" for letter, many in MANY.items() for number in range(1, many + 1)]


def test_a_row_names_tests_that_exist_or_says_what_is_missing() -> None:
    for name, (held, missing) in rows().items():
        files = re.findall(r"`([a-z0-9_/]+\.py)`", held)
        assert files or missing.strip(), name
        assert [file for file in files if not (ROOT / "tests" / file).exists()] == [], name
