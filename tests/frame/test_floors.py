"""The floors of ARCHITECTURE.md hold, and each contract of .importlinter catches a fault that is planted for it."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = Path(sys.executable).with_name("lint-imports")
PURE = {"media", "rtsp", "sip", "codes", "geo", "events", "webrtc"}


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([LINT, "--no-logo", "--no-cache"], cwd=tree, capture_output=True, text=True, check=False, timeout=60)


def copy_of_the_program(folder: Path) -> Path:
    shutil.copytree(ROOT / "vms", folder / "vms", ignore=shutil.ignore_patterns("__pycache__", "*.mp4", "web_dist"))
    shutil.copy(ROOT / ".importlinter", folder)
    return folder


def plant(tree: Path, module: str, line: str) -> None:
    path = tree / "vms" / module
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


# module, planted line, the contract that must catch it, what its report must say
FAULTS = {
    "upwards": ("base/planted.py", "import vms.media.types", "Imports go down", "vms.base.planted -> vms.media.types"),
    "to a sibling": ("stream/planted.py", "import vms.storage.planted", "Imports go down", "vms.stream.planted -> vms.storage.planted"),
    "in a circle": ("owner/requests.py", "import vms.owner.ask", "No circle", ".requests -> .ask"),
    "of asyncio in a pure package": ("media/planted.py", "import asyncio", "Pure packages", "vms.media.planted -> asyncio"),
    "of a clock in a pure package": ("rtsp/planted.py", "import vms.base.clock", "Pure packages", "vms.rtsp.planted -> vms.base.clock"),
    "of the web framework in a feature": ("record/planted.py", "import fastapi", "The web framework", "vms.record.planted -> fastapi"),
    "of the web framework at the top": ("planted_top.py", "import uvicorn", "The web framework", "vms.planted_top -> uvicorn"),
    "of a codec library in the record path": ("ingest/planted.py", "import av", "Codec libraries", "vms.ingest.planted -> av"),
    "of SQL in what the edge uses": ("live/viewer.py", "import psycopg", "The media plane", "vms.live.viewer -> psycopg"),
    "of SQL in what the worker uses": ("ingest/roster.py", "import vms.base.db", "The media plane", "vms.ingest.roster -> vms.base.db"),
    "of the WebRTC library in a feature": ("live/planted.py", "import aiortc", "The WebRTC library", "vms.live.planted -> aiortc"),
    "of SQL in the HTTP edge": ("api/planted.py", "import sqlalchemy", "The HTTP edge speaks no SQL", "vms.api.planted -> sqlalchemy"),
}


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the check says of a copy of the program with all faults planted at once."""
    tree = copy_of_the_program(tmp_path_factory.mktemp("faulty"))
    plant(tree, "storage/planted.py", "X = 1")
    for module, line, _, _ in FAULTS.values():
        plant(tree, module, line)
    (tree / ".importlinter").write_text((tree / ".importlinter").read_text().replace("    cli\n", "    planted_top\n    cli\n"))
    answer = lint(tree)
    assert answer.returncode == 1, answer.stderr
    return answer.stdout


def section(output: str, contract: str) -> str:
    """What the check tells of one broken contract, below its underlined name."""
    names = "|".join(re.escape(part["name"]) for key, part in contracts().items() if key.startswith("importlinter:contract:"))
    parts = re.split(rf"^({names})\n-+\n", output, flags=re.MULTILINE)
    return next(text for name, text in zip(parts[1::2], parts[2::2], strict=True) if name.startswith(contract))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_import_is_caught(faulty: str, fault: str) -> None:
    _, _, contract, evidence = FAULTS[fault]
    assert evidence in section(faulty, contract)


def test_a_package_without_a_floor_is_caught(tmp_path: Path) -> None:
    tree = copy_of_the_program(tmp_path)
    plant(tree, "helpers/planted.py", "X = 1")
    answer = lint(tree)
    assert answer.returncode == 1
    assert "helpers" in answer.stdout


def test_every_contract_has_a_planted_fault() -> None:
    names = [section["name"] for key, section in contracts().items() if key.startswith("importlinter:contract:")]
    assert names
    for name in names:
        assert any(name.startswith(contract) for _, _, contract, _ in FAULTS.values()), name


def test_every_pure_package_that_exists_is_held_pure() -> None:
    held = set(contracts()["importlinter:contract:pure"]["source_modules"].split())
    there = {f"vms.{name}" for name in PURE if (ROOT / "vms" / name).exists() or (ROOT / "vms" / f"{name}.py").exists()}
    assert there <= held


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("vms", include_external_packages=True, cache_dir=None)


def third_party(graph: grimp.ImportGraph, module: str) -> set[str]:
    """What `module` imports, directly or through others, that is neither ours nor the standard library's."""
    names = {name.split(".")[0] for name in graph.find_upstream_modules(module)}
    return names - {"vms"} - sys.stdlib_module_names


def test_root_uses_the_standard_library_alone(graph: grimp.ImportGraph) -> None:
    assert third_party(graph, "vms.processes.root") == set()


def test_a_library_in_root_would_be_seen_even_through_others(graph: grimp.ImportGraph) -> None:
    spoilt = deepcopy(graph)
    spoilt.add_import(importer="vms.base.postgres", imported="sqlalchemy")
    assert third_party(spoilt, "vms.processes.root") == {"sqlalchemy"}
