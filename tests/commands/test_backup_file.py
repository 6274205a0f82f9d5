"""The backup file: whole or not there, proved before anything is taken from it."""

from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vms.base.errors import Kind, VmsError
from vms.commands.backup import backup_name, connection
from vms.commands.backup_file import DUMP, MANIFEST, SECRETS, open_backup, pieces, proved_manifest, read_secrets, secrets_of, write_backup

ABOUT: dict[str, Any] = {"node": {"id": "n1", "name": "Elm", "level": "station"}, "made_at": "2026", "program": "0.1", "revision": "0003"}


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    path = tmp_path / "b.vmsbackup"
    write_backup(path, ABOUT, iter([b"dump ", b"of the database"]), b"sealed")
    return path


def refused(path: Path) -> str:
    with pytest.raises(VmsError) as error, open_backup(path) as archive:
        proved_manifest(archive)
    assert error.value.kind is Kind.DAMAGED
    return error.value.message


def rewrite(path: Path, **changed: bytes) -> None:
    """The same archive with other contents."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    names = {"dump": DUMP, "secrets": SECRETS, "manifest": MANIFEST, "more": "more"}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (files | {names[key]: value for key, value in changed.items()}).items():
            archive.writestr(name, content)


def test_what_was_written_is_read_and_others_cannot_look(backup: Path) -> None:
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    with open_backup(backup) as archive:
        manifest = proved_manifest(archive)
        assert b"".join(pieces(archive, DUMP)) == b"dump of the database"
    assert (manifest.node_id, manifest.revision) == ("n1", "0003")


def test_a_dump_that_fails_leaves_no_file(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise VmsError(Kind.UNAVAILABLE, "pg_dump failed")

    with pytest.raises(VmsError):
        write_backup(tmp_path / "b", ABOUT, broken(), b"")
    assert list(tmp_path.iterdir()) == []


def test_other_contents_than_the_manifest_says_are_refused(backup: Path) -> None:
    rewrite(backup, dump=b"DUMP of the database")
    assert "database.dump" in refused(backup)


def test_a_file_more_and_a_manifest_that_is_none_are_refused(backup: Path) -> None:
    rewrite(backup, more=b"")
    assert "other files" in refused(backup)
    rewrite(backup, manifest=b"[]")
    assert "manifest" in refused(backup)
    rewrite(backup, manifest=json.dumps({"type": "vms-backup", "version": 9}).encode())
    assert "another form" in refused(backup)


@pytest.mark.parametrize("cut", [0, 10, 200])
def test_a_cut_file_is_no_backup(backup: Path, cut: int) -> None:
    backup.write_bytes(backup.read_bytes()[:cut])
    refused(backup)


def test_every_flipped_byte_of_the_dump_is_found(backup: Path) -> None:
    whole = backup.read_bytes()
    at = whole.index(b"dump of")
    backup.write_bytes(whole[:at] + b"D" + whole[at + 1 :])
    refused(backup)


def test_secrets_hold_keys_certificates_identity_and_settings(tmp_path: Path) -> None:
    for name in ("keys/envelope.key", "tls/root.key", "tls/.draft", "recordings/a.mp4", "node-id", "x.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    files = read_secrets(secrets_of(tmp_path, tmp_path / "x.toml"))
    assert files == {name: name.encode() for name in ("keys/envelope.key", "tls/root.key", "node-id")} | {"vms.toml": b"x.toml"}


@pytest.mark.parametrize("name", ["../keys/a", "keys/../../a", "/etc/passwd", "keys", "other/a"])
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(VmsError) as error:
        read_secrets(json.dumps({name: ""}).encode())
    assert error.value.kind is Kind.DAMAGED


def test_names_of_a_node_sort_by_time() -> None:
    names = [backup_name("01890a5d-ac96-774b", us) for us in (1_777_636_800_000_000, 1_777_636_801_000_000, 1_900_000_000_000_000)]
    assert names == sorted(names)
    assert names[0] == "vms-01890a5d-ac96-20260501T120000Z.vmsbackup"


def test_a_password_goes_by_the_environment_not_by_the_command_line() -> None:
    target, environment = connection("postgresql+psycopg://vms:hush@db.example.org/vms")
    assert target == "postgresql://vms@db.example.org/vms"
    assert environment["PGPASSWORD"] == "hush"
