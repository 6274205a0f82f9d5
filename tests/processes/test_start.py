"""A child's first module: the collector is still while the program is imported, and the program gets its own arguments."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import gc, sys
if __name__ == "__main__":
    print(gc.isenabled(), sys.argv[1:])
"""


def test_the_program_runs_as_main_with_its_own_arguments_and_the_collector_still(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [sys.executable, "-m", "vms.processes.start", "program", "config", "0", "{}", "start"]
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False ['config', '0', '{}', 'start']"
