"""The floors of ARCHITECTURE.md hold, and each contract of .importlinter catches a fault that is planted for it."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = Path(sys.executable).with_name("lint-imports")
PURE = {"media", "rtsp", "sip", "codes", "geo", "events"}


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([LINT, "--no-logo", "--no-cache"], cwd=tree, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the program in which a fault can be planted."""
    shutil.copytree(ROOT / "vms", tmp_path / "vms", ignore=shutil.ignore_patterns("__pycache__", "*.mp4"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def plant(tree: Path, module: str, line: str) -> None:
    path = tree / module
    path.parent.mkdir(parents=True, exist_ok=True)
    (path.parent / "__init__.py").touch()
    with path.open("a") as file:
        file.write(f"\n{line}\n")


def contracts() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter")
    return parser


def test_the_program_keeps_its_contracts() -> None:
    answer = lint(ROOT)
    assert answer.returncode == 0, answer.stdout + answer.stderr


FAULTS = {
    "upwards": ("vms/base/planted.py", "import vms.media.types", "Imports go down the floors"),
    "to a sibling": ("vms/stream/planted.py", "import vms.storage.planted", "Imports go down the floors"),
    "in a package without a floor": ("vms/helpers/planted.py", "X = 1", "Imports go down the floors"),
    "in a circle": ("vms/owner/requests.py", "import vms.owner.ask", "No circle"),
    "of asyncio in a pure package": ("vms/media/planted.py", "import asyncio", "Pure packages"),
    "of a clock in a pure package": ("vms/media/planted.py", "import vms.base.clock", "Pure packages"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_import_is_caught(tree: Path, fault: str) -> None:
    module, line, contract = FAULTS[fault]
    plant(tree, "vms/storage/planted.py", "X = 1")
    plant(tree, module, line)
    answer = lint(tree)
    assert answer.returncode == 1
    broken = [text for text in answer.stdout.splitlines() if text.endswith("BROKEN")]
    assert any(text.startswith(contract) for text in broken), answer.stdout


def test_every_contract_has_a_planted_fault() -> None:
    names = [section["name"] for key, section in contracts().items() if key.startswith("importlinter:contract:")]
    assert names
    for name in names:
        assert any(name.startswith(contract) for _, _, contract in FAULTS.values()), name


def test_every_pure_package_that_exists_is_held_pure() -> None:
    held = set(contracts()["importlinter:contract:pure"]["source_modules"].split())
    there = {f"vms.{name}" for name in PURE if (ROOT / "vms" / name).exists() or (ROOT / "vms" / f"{name}.py").exists()}
    assert there <= held


def third_party(graph: grimp.ImportGraph, module: str) -> set[str]:
    """What `module` imports, directly or through others, that is neither ours nor the standard library's."""
    names = {name.split(".")[0] for name in graph.find_upstream_modules(module)}
    return names - {"vms"} - sys.stdlib_module_names
