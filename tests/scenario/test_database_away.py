"""The database stands still for a minute while cameras record (faults.md D1): no frame is lost, and the index comes after."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults import database_away

pytestmark = [pytest.mark.scenario, pytest.mark.long, pytest.mark.timeout(360)]


def test_a_minute_without_a_database_costs_no_frame_and_the_index_comes_after(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    told = database_away.run(tmp_path, 60, 4)
    record_property("caught_up_s", told.caught_up_s)
    print(told)  # noqa: T201  measured for docs/ref/faults.md
    assert told.away_s >= 60
    assert database_away.judge(told) == []
