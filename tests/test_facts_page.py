"""docs/ref/facts.md says what the code has: every fact with its subject and data."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from vms.facts import FACTS

REF = Path(__file__).parents[1] / "docs" / "ref"


def rows(page: str) -> list[list[str]]:
    """Cells of the page's table rows whose first cell is a name in back-quotes."""
    lines = (REF / page).read_text("utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_fact_is_documented_with_its_subject_and_data() -> None:
    told = {names(row[0])[0]: (row[1], names(row[2])) for row in rows("facts.md")}
    meant = {t: (f.subject_kind, [x.name for x in fields(f) if x.name != "subject_id"]) for t, f in FACTS.items()}
    assert told == meant
    assert all(row[3] for row in rows("facts.md"))
