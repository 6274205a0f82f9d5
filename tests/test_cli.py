"""The command line: 0 well, 1 failed with one line on stderr, 2 usage."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def vms(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "vms", *arguments], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("arguments", [["--nonsense"], ["demo", "--cameras", "-1"], ["probe"], ["demo", "--port", "x"]])
def test_wrong_use_is_2(arguments: list[str]) -> None:
    assert vms(*arguments).returncode == 2


def test_version_is_0() -> None:
    answer = vms("version")
    assert (answer.returncode, answer.stderr) == (0, "")


def test_a_failure_is_1_and_one_line(tmp_path: Path) -> None:
    config = tmp_path / "vms.toml"
    config.write_text(f'data_dir = "{tmp_path / "none"}"\n')
    for arguments in (
        ["check", "--data", str(tmp_path / "none")],
        ["init", "--config", str(config)],
        ["serve", "--config", "/nowhere.toml"],
    ):
        answer = vms(*arguments)
        assert answer.returncode == 1, answer.stderr
        assert len(answer.stderr.strip().splitlines()) == 1, answer.stderr
    assert not (tmp_path / "none").exists()


# What would cost a process its start-up time or its independence, by the process that must not have it.
FOREIGN = {
    "vms.processes.worker.__main__": {"sqlalchemy", "psycopg", "fastapi", "starlette", "pydantic", "uvicorn", "httpx2", "av", "typer"},
    "vms.processes.edge": {"sqlalchemy", "psycopg", "av", "alembic", "typer"},
    "vms.processes.control.__main__": {"av", "alembic", "typer", "httpx2", "hypothesis"},
    "vms.cli": {"sqlalchemy", "psycopg", "fastapi", "uvicorn", "av", "httpx2"},
}


@pytest.mark.parametrize("module", FOREIGN)
def test_a_process_imports_nothing_that_it_does_not_need_to_start(module: str) -> None:
    code = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert set(told.stdout.split()) & FOREIGN[module] == set()
