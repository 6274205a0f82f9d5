"""`vms restore`: a backup put back onto an empty data directory or into an empty database; or only looked at.

Nothing is written before every byte is proved and the secrets are open. What is there already must be the same. The journal begins
a new epoch at the next start, and files younger than the backup come back into the index by recovery.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from vms.app import resolve
from vms.base.errors import Kind, VmsError
from vms.base.sealing import Passphrase, unseal
from vms.commands.backup import WORDS, connection, program
from vms.commands.backup_file import DUMP, NODE_ID, SETTINGS, Manifest, open_backup, pieces, proved_manifest, read_secrets, sealed_secrets
from vms.commands.database import embedded, started
from vms.migrations.head import known_revisions
from vms.processes.config import NodeConfig
from vms.processes.control.database import current_revision
from vms.settings import load

Secret = Passphrase | X25519PrivateKey


def look(path: Path, secret: Secret | None) -> Manifest:
    """Prove every byte; with the secret the keys, too. Raises DAMAGED."""
    with open_backup(path) as archive:
        manifest = proved_manifest(archive)
        if secret is not None:
            read_secrets(unseal(sealed_secrets(archive), secret))
        return manifest


def restore(path: Path, settings_path: Path, secret: Secret) -> Manifest:
    """Settings that are not there come from the backup. Raises DAMAGED, CONFLICT when something else is there, CONFIG."""
    with open_backup(path) as archive:
        manifest = proved_manifest(archive)
        if manifest.revision not in known_revisions():
            raise VmsError(Kind.CONFIG, "the backup was made by a newer program: install that version", program=manifest.program)
        files = read_secrets(unseal(sealed_secrets(archive), secret))
        if not settings_path.exists():
            if SETTINGS not in files:
                raise VmsError(Kind.CONFIG, "the backup holds no settings: name a settings file that exists", path=str(settings_path))
            _write(settings_path, files[SETTINGS])
        settings = load(settings_path)
        data = settings.data_dir.absolute()
        if (data / "postgres" / "PG_VERSION").exists() and not settings.database.url:
            raise VmsError(Kind.CONFLICT, "this data directory holds a database: move it away first", path=str(data / "postgres"))
        _put_back(data, {name: content for name, content in files.items() if name != SETTINGS})
        config, _ = resolve(settings, settings_path)
        if config.node_id != manifest.node_id:
            raise VmsError(Kind.CONFLICT, "the settings name another node than the backup", node=config.node_id, backup=manifest.node_id)
        _load(config, archive)
        return manifest


def _put_back(data: Path, files: dict[str, bytes]) -> None:
    """All or, when one differs from what is there, none."""
    for name, content in files.items():
        there = data / name
        if there.exists() and there.read_bytes() != content:
            raise VmsError(Kind.CONFLICT, f"{there} is another one than the backup's: move it away first", path=str(there))
    for name, content in files.items():
        if not (data / name).exists():
            _write(data / name, content, 0o644 if name == NODE_ID else 0o600)


def _write(path: Path, content: bytes, mode: int = 0o600) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
        os.fsync(file.fileno())
    part.replace(path)


def _load(config: NodeConfig, archive: zipfile.ZipFile) -> None:
    if config.database_url:
        if current_revision(config.database_url) is not None:
            raise VmsError(Kind.CONFLICT, "the database holds tables of a node already: name an empty one")
        _run_restore(config, config.database_url, archive)
        return
    try:
        with started(config) as url:
            _run_restore(config, url, archive)
    except BaseException:
        shutil.rmtree(embedded(config).data_dir, ignore_errors=True)  # made by us a moment ago: it is not half a database
        raise


def _run_restore(config: NodeConfig, url: str, archive: zipfile.ZipFile) -> None:
    """In one transaction; then the journal forgets its server, which begins a new epoch."""
    target, environment = connection(url)
    options = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")
    command = [str(program(config, "pg_restore")), *options, "--dbname", target]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdin is not None  # noqa: S101  (asked for)
        assert process.stderr is not None  # noqa: S101  (asked for)
        with suppress(BrokenPipeError):  # it ended early, and says why
            for piece in pieces(archive, DUMP):
                process.stdin.write(piece)
        with suppress(BrokenPipeError):
            process.stdin.close()
        said = process.stderr.read().decode(errors="replace").strip()
    if process.returncode != 0:
        raise VmsError(Kind.UNAVAILABLE, f"pg_restore failed: {said[-WORDS:]}")
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as session:
        session.execute(text("UPDATE journal_head SET server = 'restored'"))
        session.execute(text("ANALYZE"))
    engine.dispose()
