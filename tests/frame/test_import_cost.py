"""Import cost is start-up time: what a process of the node costs before its first line of work, byte-code compiled."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

pytestmark = pytest.mark.scenario  # measured with the machine to itself

ROOT = Path(__file__).resolve().parents[2]
RUNS = 5
BARS_S = {
    "vms.processes.root": 0.2,
    "vms.processes.worker.__main__": 0.25,
    "vms.processes.edge": 1.0,
    "vms.processes.control.__main__": 1.2,
}


def cpu_s(module: str) -> float:
    """CPU time of a fresh interpreter that imports `module`, its own start included."""
    code = f"import time, {module}; print(time.process_time())"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30)
    return float(answer.stdout)


@pytest.mark.parametrize("module", BARS_S)
def test_a_process_is_imported_within_its_bar(module: str) -> None:
    cpu_s(module)  # compiles what has changed
    assert median(cpu_s(module) for _ in range(RUNS)) <= BARS_S[module]
