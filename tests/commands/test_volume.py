"""The list of volumes from the command line: added, retired and replaced on purpose, never by accident."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from tests.record.reports import report
from vms.app import resolve
from vms.base.db import Database
from vms.base.errors import Kind, VmsError
from vms.commands.volume import add, as_lines, look, replace, retire
from vms.record.committer import commit_segments
from vms.settings import DatabaseSettings, HttpSettings, Settings, VolumeSettings


def node(tmp_path: Path, database_url: str = "") -> Settings:
    volumes = (VolumeSettings(id="disk-1", path=tmp_path / "one"),)
    database = DatabaseSettings(url=database_url)
    settings = Settings(data_dir=tmp_path / "data", http=HttpSettings(port=0, tls=False), volumes=volumes, database=database)
    resolve(settings)
    return settings


def test_a_volume_is_added_once_and_listed_with_what_is_found(tmp_path: Path) -> None:
    settings = node(tmp_path)
    new = add(settings, tmp_path / "two")
    with pytest.raises(VmsError) as twice:
        add(settings, tmp_path / "two")
    assert twice.value.kind is Kind.CONFLICT
    shutil.rmtree(tmp_path / "one")
    (tmp_path / "one").mkdir()
    states = {entry["path"]: (entry["state"], entry["id"]) for entry in look(settings)}
    assert states[str(tmp_path / "two")] == ("ok", new)
    assert states[str(tmp_path / "one")][0] == "failed"
    assert "identity" in as_lines(look(settings))


def test_a_later_start_takes_no_empty_folder_for_a_volume(tmp_path: Path) -> None:
    settings = node(tmp_path)
    first, _ = resolve(settings)
    shutil.rmtree(tmp_path / "one")
    again, _ = resolve(settings)
    assert again.volumes == first.volumes, "the node starts, and its volume is refused until it is back"
    assert not (tmp_path / "one").exists()
    more = settings.model_copy(update={"volumes": (*settings.volumes, VolumeSettings(id="disk-2", path=tmp_path / "two"))})
    assert resolve(more)[0].volumes == first.volumes
    assert not (tmp_path / "two").exists()


def test_a_retired_volume_is_not_recorded_on_until_it_is_taken_back(tmp_path: Path) -> None:
    settings = node(tmp_path)
    volume = look(settings)[0]["id"]
    retire(settings, volume, retired=True)
    assert look(settings)[0]["retired"]
    assert resolve(settings)[0].volumes == ()
    retire(settings, volume, retired=False)
    assert [v.id for v in resolve(settings)[0].volumes] == [volume]
    with pytest.raises(VmsError) as unknown:
        retire(settings, "no-such", retired=True)
    assert unknown.value.kind is Kind.NOT_FOUND


@pytest.mark.enable_socket
def test_only_a_volume_that_is_gone_is_replaced_and_what_it_held_is_told(database: Database, tmp_path: Path) -> None:
    settings = node(tmp_path, database.url)
    old = look(settings)[0]["id"]
    told = dataclasses.replace(report(0, 10), volume=old)
    with database.transaction() as session:
        commit_segments(session, [told])
    with pytest.raises(VmsError, match="there and well"):
        replace(settings, old, None)
    shutil.rmtree(tmp_path / "one")
    (tmp_path / "one").mkdir()
    done = replace(settings, old, None)
    new = done.new
    assert (done.lost.segments, done.lost.cameras) == (1, 1)
    assert [(entry["id"], entry["state"]) for entry in look(settings)] == [(new, "ok")]
    assert new != old
    with pytest.raises(VmsError) as unknown:
        replace(settings, old, None)
    assert unknown.value.kind is Kind.NOT_FOUND
    with database.transaction() as session:
        commit_segments(session, [dataclasses.replace(report(20, 30), volume=old)])
    late = replace(settings, old, None)
    assert (late.new, late.lost.segments) == ("", 1), "what is left of one that was replaced before is told when it is asked again"
    assert [entry["id"] for entry in look(settings)] == [new]
