"""Workers and control of a real node die by SIGKILL inside chosen windows and at random: what it costs, counted in the files."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.kills import KillRun, judge

Figure = Callable[[str, object], None]
KILLS, CONTROL_KILLS, INSIDE = 100, 6, 50


@pytest.mark.scenario
@pytest.mark.long
@pytest.mark.timeout(480)
def test_a_hundred_kills_cost_a_gop_each_and_no_committed_row(record_property: Figure) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    record_property("seed", seed)
    with tempfile.TemporaryDirectory(prefix="vms-") as folder:
        told = KillRun(Path(folder), seed, kills=KILLS - CONTROL_KILLS, control_kills=CONTROL_KILLS, limit_s=200).run()
    for name, value in told.figures().items():
        record_property(name, str(value))
    assert judge(told, KILLS, INSIDE) == []
