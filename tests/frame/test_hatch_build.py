"""The build hook: when the console is built, with which Node, and that no package leaves without a console."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

import hatch_build


def a_console(root: Path, *, built_s: float | None) -> Path:
    """A `web` folder whose inputs are of second 1000; its build, if any, of second `built_s`."""
    web = root / "web"
    for name in ("package.json", "src/main.tsx", "node_modules/react/index.js", "src/client/sdk.ts"):
        path = web / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        os.utime(path, (1000, 1000))
    if built_s is not None:
        index = web / "dist/index.html"
        index.parent.mkdir()
        index.write_text("")
        os.utime(index, (built_s, built_s))
    return web


def a_hook(root: Path, target: str = "wheel") -> hatch_build.ConsoleHook:
    make: Any = hatch_build.ConsoleHook  # configuration and metadata are hatchling's own types; the hook reads neither
    return make(str(root), {}, None, None, "", target)


def test_a_console_is_stale_when_it_is_missing_or_older_than_a_source(tmp_path: Path) -> None:
    assert hatch_build.is_stale(a_console(tmp_path / "a", built_s=None))
    assert hatch_build.is_stale(a_console(tmp_path / "b", built_s=999))
    assert not hatch_build.is_stale(a_console(tmp_path / "c", built_s=1001))


def test_installed_modules_and_the_generated_client_are_no_sources(tmp_path: Path) -> None:
    web = a_console(tmp_path, built_s=1001)
    for made in ("node_modules/react/index.js", "src/client/sdk.ts"):
        os.utime(web / made, (2000, 2000))
    assert not hatch_build.is_stale(web)


def test_node_is_asked_for_only_when_something_must_be_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_console(tmp_path / "old", built_s=999)
    a_console(tmp_path / "new", built_s=1001)
    assert a_hook(tmp_path / "old").dependencies() == [hatch_build.NODE]
    assert a_hook(tmp_path / "new").dependencies() == []
    monkeypatch.setenv(hatch_build.SKIP, "1")
    assert a_hook(tmp_path / "old").dependencies() == []


@pytest.mark.parametrize("target", ["wheel", "sdist"])
def test_a_package_without_a_console_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    a_console(tmp_path, built_s=None)
    monkeypatch.setenv(hatch_build.SKIP, "1")
    with pytest.raises(SystemExit, match="no console"):
        a_hook(tmp_path, target).initialize("standard", {"force_include": {}})


def test_a_wheel_carries_console_and_clips(tmp_path: Path) -> None:
    web = a_console(tmp_path, built_s=1001)
    streams = tmp_path / "fixtures/streams"
    streams.mkdir(parents=True)
    data: dict[str, dict[str, str]] = {"force_include": {}}
    a_hook(tmp_path).initialize("standard", data)
    assert data["force_include"] == {str(web / "dist"): "vms/web_dist", str(streams): "vms/sim/streams"}


def test_an_editable_install_builds_nothing(tmp_path: Path) -> None:
    a_console(tmp_path, built_s=None)
    a_hook(tmp_path).initialize("editable", {"force_include": {}})


def test_npm_of_the_wheel_runs_and_scripts_see_its_node(tmp_path: Path) -> None:
    folder = hatch_build.node_folder(tmp_path / "node")
    environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    (tmp_path / "package.json").write_text('{"scripts": {"which": "npm --version && node --version"}}')
    answer = subprocess.run(["npm", "run", "which"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert "v24." in answer.stdout
