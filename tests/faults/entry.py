"""A node whose processes die in chosen windows: the same root, the same children, started through this module.

`python -m tests.faults.entry serve --config FILE` is `vms serve` but for two things: children come through `child`, which plans their
end, and a crash loop has no growing pauses. The plan is `faults.json` beside the data directory; each process logs its starts, first
writes and its end in `faults/NAME.jsonl`. The product knows nothing of this.
"""

from __future__ import annotations

import json
import os
import random
import runpy
import signal
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.faults.files import Op, WatchedFiles
from vms.processes import root
from vms.processes.config import load
from vms.storage.files import Files, RealFiles

WINDOWS = ("write", "syncfs", "create", "fsync_dir", "random")
COMMIT_WINDOWS = ("commit", "committed", "random")
"""Inside the transaction, and between commit and acknowledgement."""


@dataclass(frozen=True)
class Plan:
    """How children die. Seconds count from the first write of a life; (0, 0) means never."""

    seed: int
    worker_s: tuple[float, float] = (0, 0)
    control_s: tuple[float, float] = (0, 0)

    def save(self, folder: Path) -> None:
        (folder / "faults").mkdir()
        (folder / "faults.json").write_text(json.dumps(asdict(self)))


class Diary:
    """What one process says of its lives; a line is on its way to the file before the process can die."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / "faults" / f"{name}.jsonl"
        self._quiet = folder / "faults" / "quiet"
        self.life = self._path.read_text().count('"start"') if self._path.exists() else 0
        self._fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.say("start")

    @property
    def quiet(self) -> bool:
        return self._quiet.exists()

    def say(self, event: str, **facts: str) -> None:
        line = {"t_us": time.time_ns() // 1000, "event": event, "pid": os.getpid(), **facts}
        os.write(self._fd, json.dumps(line).encode() + b"\n")

    def die(self, window: str) -> None:
        self.say("kill", window=window)
        os.kill(os.getpid(), signal.SIGKILL)


class Fate:
    """The window in which this life ends, and from when on."""

    def __init__(self, diary: Diary, name: str, seed: int, within_s: tuple[float, float], windows: tuple[str, ...]) -> None:
        chance = random.Random(f"{seed}/{name}/{diary.life}")
        order = random.Random(f"{seed}/{name}").sample(windows, len(windows))
        self._diary = diary
        self.window = order[diary.life % len(order)] if within_s[1] else ""  # each in its turn
        self._after_s = chance.uniform(*within_s)
        self._armed_at: float | None = None
        self._first: set[str] = set()

    def begin(self) -> None:
        """The first useful work of this life."""
        if self._armed_at is None and self.window:
            self._armed_at = time.monotonic() + self._after_s
            if self.window == "random":
                timer = threading.Timer(self._after_s + 0.01, self.meets, ["random"])
                timer.daemon = True
                timer.start()

    def meets(self, window: str) -> None:
        if self._is_due(window):
            self._diary.die(window)

    def _is_due(self, window: str) -> bool:
        return window == self.window and self._armed_at is not None and time.monotonic() >= self._armed_at and not self._diary.quiet

    def before(self, op: Op, files: Files, fd: int) -> None:
        """As a watcher of files: a write ends half done."""
        if not self._is_due(op.name):
            return
        if op.name == "write":
            files.write(fd, [op.data[: len(op.data) // 2]])
        self._diary.die(op.name)

    def after(self, op: Op) -> None:
        camera = op.path.partition("/")[0]
        if op.name == "write" and camera not in self._first:
            self._first.add(camera)
            self._diary.say("first", camera=camera)
            self.begin()


def serve(config: str, entry: str = "tests.faults.entry") -> None:
    """`entry` is the module that starts root and the children."""
    from vms.app import resolve
    from vms.settings import load as settings

    _, path = resolve(settings(Path(config)))
    os.execv(sys.executable, [sys.executable, "-m", entry, "root", str(path)])  # noqa: S606


def run_root(config_path: str, entry: str = "tests.faults.entry") -> int:
    root.HEALTHY_S = 1.0  # pyright: ignore[reportAttributeAccessIssue, reportConstantRedefinition]
    config = load(Path(config_path))
    roles = root.roles_of(config)
    for role in roles:
        role.command = (sys.executable, "-m", entry, "child", role.command[-1])
    database = root.EmbeddedPostgres(Path(config.data_dir) / "postgres", Path(config.run_dir))
    root.take_node(config.run_dir)
    return root.Root(config_path, roles, database).run()


def child(module: str, arguments: list[str]) -> None:
    """The child's own module with its fate attached."""
    folder = Path(load(Path(arguments[0])).data_dir).parent
    name = f"{module.rpartition('.')[2]}-{arguments[1]}"
    plan: dict[str, Any] = json.loads((folder / "faults.json").read_text())
    diary = Diary(folder, name)
    sys.argv = [module, *arguments]
    if module.endswith("worker"):
        fate = Fate(diary, name, plan["seed"], tuple(plan["worker_s"]), WINDOWS)
        import vms.storage.files

        vms.storage.files.RealFiles = lambda: WatchedFiles(fate, inner=RealFiles())  # pyright: ignore[reportAttributeAccessIssue]
    elif module.endswith("control"):
        _watch_commits(Fate(diary, name, plan["seed"], tuple(plan["control_s"]), COMMIT_WINDOWS))
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _watch_commits(fate: Fate) -> None:
    """Transactions of the committer's thread alone."""
    from sqlalchemy import event
    from sqlalchemy.orm import Session

    def meets(window: str) -> None:
        if threading.current_thread().name == "commits":
            fate.begin()
            fate.meets(window)

    def inside(session: Session) -> None:
        meets("commit")

    def behind(session: Session) -> None:
        meets("committed")

    event.listen(Session, "before_commit", inside)
    event.listen(Session, "after_commit", behind)


def main() -> int:
    match sys.argv[1:]:
        case ["serve", "--config", config]:
            serve(config)
        case ["root", config]:
            return run_root(config)
        case ["child", module, *arguments]:
            child(module, arguments)
        case other:
            raise SystemExit(f"serve, root or child, not {other}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
