"""The day's backup: made in a process of its own from a local hour on, old ones removed, success and failure told as facts.

Not here: what a backup is (commands.backup).
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path

from vms.base.clock import Clock
from vms.base.db import Database
from vms.base.journal import announce
from vms.base.log import get_log
from vms.base.timespan import SECOND_US
from vms.events import Event
from vms.processes.config import NodeConfig
from vms.processes.facts import BackupFailed, BackupMade

POLL_S = 60.0
RETRY_S = 3600.0
LONGEST_S = 6 * 3600.0
DAY_US = 86_400 * SECOND_US
WORDS = 400  # of the failure
MODULE = "vms.commands.backup"  # by its name alone: a command stands above the processes

Run = Callable[[Sequence[str]], Coroutine[None, None, tuple[int, str]]]
"""Runs a command to its end: exit code, and what it said."""


async def run_command(command: Sequence[str]) -> tuple[int, str]:
    """Killed when it takes too long, or when control ends."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), LONGEST_S)
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    return process.returncode or 0, (err if process.returncode else out).decode(errors="replace").strip()


class Backups:
    """The task. What was made is known by the files of the folder, so a restart makes none twice."""

    def __init__(self, config: NodeConfig, database: Database, clock: Clock, run: Run = run_command) -> None:
        self._config = config
        self._database = database
        self._clock = clock
        self._run = run
        self._folder = Path(config.backup_folder)
        self._log = get_log("control.backups")

    async def run(self) -> None:
        while True:
            failed = self.is_due() and not await self.make()
            await self._clock.sleep(RETRY_S if failed else POLL_S)

    def is_due(self) -> bool:
        """Whether none was made since the last hour of backups; one that was missed is made up for."""
        try:
            newest_us = max((int(path.stat().st_mtime * SECOND_US) for path in self._files()), default=0)
        except OSError:
            newest_us = 0
        return newest_us < last_hour(self._clock.wall_us(), self._config.backup_hour, self._config.utc_offset_minutes)

    async def make(self) -> bool:
        """Whether it was made; either is told."""
        node = str(Path(self._config.run_dir) / "node.json")
        command = (sys.executable, "-m", MODULE, node, str(self._folder), self._config.backup_recipient)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            code, said = await self._run(command)
        except (OSError, TimeoutError) as error:
            code, said = 1, str(error) or "it took too long"
        if code:
            self._log.error("the backup failed", detail=said[-WORDS:])
            await self._tell(BackupFailed(self._config.node_id, said[-WORDS:]))
            return False
        made = await asyncio.to_thread(self._kept, Path(said.splitlines()[-1]))
        self._log.info("backup made", path=made.path, size_bytes=made.size_bytes)
        await self._tell(made)
        return True

    def _kept(self, path: Path) -> BackupMade:
        """Older ones go once the new one stands."""
        for old in self._files()[: -self._config.backup_keep]:
            old.unlink(missing_ok=True)
        return BackupMade(self._config.node_id, str(path), path.stat().st_size)

    def _files(self) -> list[Path]:
        """Backups of this node, oldest first; their names sort by time."""
        return sorted(self._folder.glob(f"vms-{self._config.node_id[:13]}-*.vmsbackup"))

    async def _tell(self, fact: Event) -> None:
        def write() -> None:
            with self._database.transaction() as session:
                announce(session, fact)

        await asyncio.to_thread(write)


def last_hour(now_us: int, hour: int, offset_minutes: int) -> int:
    """The last instant at or before now at which the local clock showed `hour`."""
    shift_us = offset_minutes * 60 * SECOND_US - hour * 3600 * SECOND_US
    return now_us - (now_us + shift_us) % DAY_US
