"""`vms backup`: the database as of one instant, keys and settings sealed, in one file. Beside a running node.

Recordings are not in it: they lie on their volumes and prove themselves. `python -m vms.commands.backup NODE.json TO RECIPIENT` is
how control makes a scheduled one in a process of its own. Not here: the file (backup_file), the way back (restore).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from sqlalchemy import URL, make_url

from vms import __version__
from vms.base.clock import SystemClock
from vms.base.errors import Kind, VmsError
from vms.base.postgres_binaries import find_binaries
from vms.base.sealing import Passphrase, read_recipient, seal
from vms.base.timespan import SECOND_US, format_time
from vms.commands.backup_file import PIECE_BYTES, secrets_of, write_backup
from vms.commands.database import node_database
from vms.processes.config import NodeConfig, load
from vms.processes.control.database import current_revision

SUFFIX = ".vmsbackup"
NICE = 15
WORDS = 400  # of pg_dump's complaint


@dataclass(frozen=True, slots=True)
class Made:
    path: Path
    size_bytes: int


def make_backup(config: NodeConfig, to: Path, secret: Passphrase | X25519PublicKey) -> Made:
    """`to`: a folder, in which the file gets a name of node and time, or the file. Raises UNAVAILABLE, CONFIG."""
    now_us = SystemClock().wall_us()
    path = to / backup_name(config.node_id, now_us) if to.is_dir() else to
    settings = Path(config.settings_path) if config.settings_path else None
    secrets = seal(secrets_of(Path(config.data_dir), settings), secret)
    with node_database(config, exclusive=False) as url:
        about = {
            "node": {"id": config.node_id, "name": config.name, "level": config.level},
            "made_at": format_time(now_us),
            "program": __version__,
            "revision": current_revision(url),
        }
        write_backup(path, about, _dump(config, url), secrets)
    return Made(path, path.stat().st_size)


def backup_name(node_id: str, now_us: int) -> str:
    """Names of one node sort by time."""
    return f"vms-{node_id[:13]}-{datetime.fromtimestamp(now_us // SECOND_US, UTC):%Y%m%dT%H%M%SZ}{SUFFIX}"


def program(config: NodeConfig, name: str) -> Path:
    """`pg_dump` or `pg_restore` beside the server's programs. Raises CONFIG."""
    version = Path(config.data_dir) / "postgres" / "PG_VERSION"
    major = int(version.read_text()) if not config.database_url and version.exists() else None
    path = find_binaries(Path(config.postgres_binaries) if config.postgres_binaries else None, major) / name
    if not path.exists():
        raise VmsError(Kind.CONFIG, f"{path.parent} has no {name}: install PostgreSQL's client programs there", path=str(path))
    return path


def connection(url: str) -> tuple[str, dict[str, str]]:
    """The URL for libpq without a password, and the environment that carries it: a command line is for all to read."""
    parsed = make_url(url)
    environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "PGOPTIONS": "-c statement_timeout=0 -c lock_timeout=60s"}
    if parsed.password:
        environment["PGPASSWORD"] = str(parsed.password)
    bare = URL.create("postgresql", parsed.username, None, parsed.host, parsed.port, parsed.database, parsed.query)
    return bare.render_as_string(hide_password=False), environment


def _dump(config: NodeConfig, url: str) -> Generator[bytes]:
    """pg_dump's custom format, compressed by it: one snapshot, whatever is written meanwhile."""
    target, environment = connection(url)
    options = ("--format=custom", "--compress=1", "--no-owner", "--no-privileges")
    command: list[Any] = [program(config, "pg_dump"), *options, "--dbname", target]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as dump:
        assert dump.stdout is not None  # noqa: S101  (asked for)
        assert dump.stderr is not None  # noqa: S101  (asked for)
        while piece := dump.stdout.read(PIECE_BYTES):
            yield piece
        said = dump.stderr.read().decode(errors="replace").strip()
    if dump.returncode != 0:
        raise VmsError(Kind.UNAVAILABLE, f"pg_dump failed: {said[-WORDS:]}")


def main(arguments: list[str]) -> int:
    """For control: the file's path on stdout, or one line on stderr."""
    node, to, recipient = arguments
    os.nice(NICE)
    try:
        made = make_backup(load(Path(node)), Path(to), read_recipient(Path(recipient)))
    except (VmsError, OSError) as error:
        print(str(error), file=sys.stderr)  # noqa: T201
        return 1
    print(made.path)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
