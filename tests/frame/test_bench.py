"""The arithmetic of the benchmarks: what is counted, what is a median, when there is no verdict."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bench import children, proc
from bench.direct import Arrivals
from bench.marks import count
from bench.report import Report, Run, save
from bench.viewers import Viewer, percentile
from vms.media.types import Codec
from vms.sim.marks import make_mark

STAT = "4711 (a (odd) name) S 4700 4711 4711 0 -1 4194304 9 8 7 6 100 50 20 30 20 0 1 0 99 1024 100"


def report(*runs: tuple[str, float, float]) -> Report:
    return Report("ingest", {}, [Run(name, busy, {"us_per_frame": cost}) for name, busy, cost in runs])


def test_the_stat_line_of_a_process_with_parentheses_in_its_name_is_read() -> None:
    process = proc.parse_stat(STAT)
    assert (process.pid, process.parent, process.name) == (4711, 4700, "a (odd) name")
    assert process.cpu_us == (100 + 50 + 20 + 30) * proc.TICK_US


def test_this_process_is_in_its_own_tree() -> None:
    found = proc.tree([os.getpid()])
    assert os.getpid() in {process.pid for process in found}
    assert proc.pss_bytes(found) > 1_000_000


def test_machine_time_only_grows() -> None:
    before = proc.busy()
    assert 0 <= proc.busy().percent_since(before) <= 100


def test_the_median_run_counts_and_ratios_are_of_medians() -> None:
    made = report(("vms", 50, 40), ("floor", 50, 20), ("vms", 50, 90), ("floor", 50, 22), ("vms", 50, 44), ("floor", 50, 18))
    assert made.medians("vms") == {"us_per_frame": 44}
    assert made.ratios("us_per_frame") == {"floor": 2.2}


def test_one_run_on_a_machine_too_busy_takes_the_verdict_away() -> None:
    assert report(("vms", 85, 40)).has_verdict
    assert not report(("vms", 40, 40), ("ffmpeg", 85.1, 40)).has_verdict
    assert not report().has_verdict


def test_the_json_has_the_shape_of_the_contract(tmp_path: Path) -> None:
    save([report(("vms", 50.0, 40), ("floor", 61.2, 20))], tmp_path / "x.json")
    content = json.loads((tmp_path / "x.json").read_text())
    assert content["bench"] == "ingest"
    assert content["busy"] == 61.2
    assert content["rows"] == [{"name": "vms", "us_per_frame": 40}, {"name": "floor", "us_per_frame": 20}]
    assert len(content["runs"]) == 2


def test_frames_lost_and_doubled_are_counted_inside_the_window_over_all_files(tmp_path: Path) -> None:
    def marks(*counters: int, camera: int = 1) -> bytes:
        return b"....".join(make_mark(Codec.H264, camera, n, 1000 * n) for n in counters)

    (tmp_path / "a").write_bytes(marks(1, 2, 3, 5))
    (tmp_path / "b").write_bytes(marks(5, 7, 99) + marks(2, 3, camera=2))
    found = count([tmp_path / "a", tmp_path / "b"], 2000, 8000)
    assert (found.cameras, found.frames, found.lost, found.doubled) == (2, 6, 2, 1)


def test_lateness_ignores_frames_that_are_older_than_the_window() -> None:
    viewer = Viewer("camera", frames=[(1000, 1), (5000, 2), (9000, 3)])
    assert viewer.added_ms(Arrivals({1: 500, 2: 3000}), from_us=4000) == [2.0]


@pytest.mark.parametrize(("percent", "value"), [(50, 51), (99, 100), (0, 1)])
def test_percentiles_are_of_the_nearest_rank(percent: float, value: float) -> None:
    assert percentile(range(1, 101), percent) == value


def test_the_floor_compiles_without_a_warning(tmp_path: Path) -> None:
    binary = children.build_floor(tmp_path)
    assert binary is not None
    assert binary.exists()
