"""The backup file: a ZIP that stores `database.dump`, `secrets.sealed` and, last, `manifest.json` with the hashes of both.

docs/ref/backup.md names the fields. What is read from it is hostile until its hashes are proved; and the secrets prove themselves.
Not here: making a dump (backup), putting it back (restore).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, cast

from vms.base.errors import Kind, VmsError

TYPE = "vms-backup"
VERSION = 1
DUMP, SECRETS, MANIFEST = "database.dump", "secrets.sealed", "manifest.json"
PIECE_BYTES = 1024 * 1024
MAX_SMALL_BYTES = 16 * 1024 * 1024
KEPT = ("keys", "tls")
"""Folders of the data directory that go into the secrets, beside `node-id` and the settings."""
NODE_ID, SETTINGS = "node-id", "vms.toml"


class Manifest(NamedTuple):
    """What a backup says of itself."""

    node_id: str
    node_name: str
    made_at: str
    program: str
    revision: str
    """Of the schema."""
    files: Mapping[str, Mapping[str, Any]]
    """Name → `bytes`, `sha256`."""


def write_backup(path: Path, about: Mapping[str, Any], dump: Iterable[bytes], secrets: bytes) -> None:
    """Beside, synced, then renamed: a file of this name is whole. Readable by its owner alone."""
    part = path.with_name(f".{path.name}.part")
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
                files = {DUMP: _add(archive, DUMP, dump), SECRETS: _add(archive, SECRETS, [secrets])}
                manifest = {"type": TYPE, "version": VERSION, **about, "files": files}
                archive.writestr(MANIFEST, json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def open_backup(path: Path) -> Generator[zipfile.ZipFile]:
    """Raises DAMAGED when it is no backup."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        raise VmsError(Kind.DAMAGED, f"{path} is no backup, or it is cut", path=str(path)) from error


def proved_manifest(archive: zipfile.ZipFile) -> Manifest:
    """The manifest, once every file's bytes are what it says. Raises DAMAGED."""
    try:
        raw = cast(dict[str, Any], json.loads(_small(archive, MANIFEST)))
        if raw["type"] != TYPE or raw["version"] != VERSION:
            raise VmsError(Kind.DAMAGED, "this backup has another form than this program reads", version=str(raw["version"])[:20])
        node = raw["node"]
        made = (str(node["id"]), str(node["name"]), str(raw["made_at"]), str(raw["program"]), str(raw["revision"]))
        manifest = Manifest(*made, files={name: dict(raw["files"][name]) for name in (DUMP, SECRETS)})
    except (ValueError, KeyError, TypeError) as error:
        raise VmsError(Kind.DAMAGED, "the backup's manifest cannot be read") from error
    if sorted(archive.namelist()) != sorted((DUMP, SECRETS, MANIFEST)):
        raise VmsError(Kind.DAMAGED, "the backup holds other files than its manifest")
    for name, said in manifest.files.items():
        if _measured(pieces(archive, name)) != said:
            raise VmsError(Kind.DAMAGED, f"{name} is not what the backup's manifest says", file=name)
    return manifest


def pieces(archive: zipfile.ZipFile, name: str) -> Generator[bytes]:
    with archive.open(name) as file:
        yield from iter(lambda: file.read(PIECE_BYTES), b"")


def secrets_of(data: Path, settings: Path | None) -> bytes:
    """Keys, certificates, the node's id and its settings, as one JSON value; to be sealed."""
    found = [path for folder in KEPT for path in sorted((data / folder).rglob("*")) if path.is_file() and not path.name.startswith(".")]
    files = {str(path.relative_to(data)): path.read_bytes() for path in [*found, data / NODE_ID] if path.exists()}
    if settings is not None:
        files[SETTINGS] = settings.read_bytes()
    return json.dumps({name: base64.b64encode(content).decode() for name, content in files.items()}).encode()


def read_secrets(plain: bytes) -> dict[str, bytes]:
    """Name → content. Raises DAMAGED for a name that leads elsewhere."""
    try:
        files = {str(name): base64.b64decode(content, validate=True) for name, content in json.loads(plain).items()}
    except (ValueError, AttributeError, TypeError, binascii.Error) as error:
        raise VmsError(Kind.DAMAGED, "the backup's secrets cannot be read") from error
    for name in files:
        parts = PurePosixPath(name).parts
        inside = len(parts) > 1 and parts[0] in KEPT and not {"..", "/"} & set(parts)
        if name not in (NODE_ID, SETTINGS) and not inside:
            raise VmsError(Kind.DAMAGED, "the backup's secrets name a file that is none of them", name=name[:80])
    return files


def sealed_secrets(archive: zipfile.ZipFile) -> bytes:
    return _small(archive, SECRETS)


def _small(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > MAX_SMALL_BYTES:
        raise VmsError(Kind.DAMAGED, f"{name} of the backup is too large", file=name)
    return archive.read(name)


def _add(archive: zipfile.ZipFile, name: str, content: Iterable[bytes]) -> dict[str, Any]:
    with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as entry:
        return _measured(content, entry.write)


def _measured(content: Iterable[bytes], write: Callable[[bytes], object] | None = None) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    for piece in content:
        digest.update(piece)
        size += len(piece)
        if write is not None:
            write(piece)
    return {"bytes": size, "sha256": digest.hexdigest()}
