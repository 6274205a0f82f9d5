"""The scripts of .ci: order, closing lines last, and a clear word when something is missing. Programs are replaced on PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("bash", "env", "dirname", "rm", "cat", "mkdir", "tee", "tail")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with our scripts and a PATH of its own."""
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    (tmp_path / "bin").mkdir()
    for program in PROGRAMS:
        found = shutil.which(program)
        assert found
        (tmp_path / "bin" / program).symlink_to(found)
    return tmp_path


def program(tree: Path, name: str, body: str) -> None:
    path = tree / "bin" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/bash\n{body}\n")
    path.chmod(0o755)


def run(tree: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(tree / "bin"), "CI": "true", "LANG": "C.UTF-8"}
    command = [tree / ".ci" / script, *arguments]
    return subprocess.run(
        command, cwd=tree, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=30
    )


MAKE = """echo "make $1"
mkdir -p build/tests
case $1 in
  test) echo "== 5 passed ==" > build/tests/unit.summary; echo "== 2 passed ==" > build/tests/serial.summary;;
  scenario) echo "== 3 passed ==" > build/tests/long.summary; echo "much other output";;
esac"""


def test_ci_runs_what_the_readme_names_and_ends_with_pytests_closing_lines(tree: Path) -> None:
    program(tree, "make", MAKE)
    answer = run(tree, "run")
    assert answer.returncode == 0, answer.stderr
    lines = answer.stdout.splitlines()
    assert [line for line in lines if line.startswith("make")] == ["make check", "make test", "make scenario"]
    assert lines[-3:] == ["== 5 passed ==", "== 2 passed ==", "== 3 passed =="]


def test_ci_stops_at_the_first_failure_and_keeps_its_code(tree: Path) -> None:
    program(tree, "make", MAKE + "\n[ $1 != test ] || exit 3")
    answer = run(tree, "run")
    assert answer.returncode == 3
    assert "make scenario" not in answer.stdout
    assert answer.stdout.splitlines()[-1] == "== 2 passed =="


def test_the_summary_of_a_failed_pytest_is_kept_and_its_code_passed_on(tree: Path) -> None:
    program(tree, "../.venv/bin/python", 'echo "F"; echo "== 1 failed =="; exit 1')
    answer = run(tree, "pytest", "unit", "-q")
    assert answer.returncode == 1
    assert (tree / "build/tests/unit.summary").read_text() == "== 1 failed ==\n"


def test_missing_system_packages_are_named_when_they_cannot_be_installed(tree: Path) -> None:
    program(tree, "dpkg-query", 'case "${@: -1}" in chromium|ffmpeg) exit 1;; *) echo -n installed;; esac')
    program(tree, "id", "echo 1000")
    answer = run(tree, "system-packages")
    assert answer.returncode == 1
    assert answer.stderr == "The tests need these packages; install them with: apt-get install chromium ffmpeg\n"


def test_missing_system_packages_are_installed_by_root_without_asking(tree: Path) -> None:
    program(tree, "dpkg-query", 'case "${@: -1}" in ffmpeg) exit 1;; *) echo -n installed;; esac')
    program(tree, "id", "echo 0")
    program(tree, "apt-get", 'echo "apt-get $*"')
    answer = run(tree, "system-packages")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[-1] == "apt-get install -y -qq --no-install-recommends ffmpeg"


def test_nothing_is_said_when_nothing_is_missing(tree: Path) -> None:
    program(tree, "dpkg-query", "echo -n installed")
    answer = run(tree, "system-packages")
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


def test_without_debian_the_missing_programs_are_named(tree: Path) -> None:
    answer = run(tree, "system-packages")
    assert answer.returncode == 1
    assert "chromium ffmpeg ffprobe cc gst-inspect-1.0" in answer.stderr


def test_every_script_may_be_executed() -> None:
    for path in (ROOT / ".ci").iterdir():
        assert os.access(path, os.X_OK), path.name
