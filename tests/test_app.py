"""From settings to a node on disk: private, kept between two starts, and nothing made by a mere look."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vms.app import MAX_RUN_PATH, resolve, resolved, run_dir, run_path
from vms.base.errors import Kind, VmsError
from vms.settings import HttpSettings, Settings


def settings(data: Path, *, tls: bool = False) -> Settings:
    return Settings(data_dir=data, http=HttpSettings(port=0, tls=tls))


def test_a_node_keeps_its_id_and_volume_between_two_starts(tmp_path: Path) -> None:
    first, path = resolve(settings(tmp_path / "d"))
    second, _ = resolve(settings(tmp_path / "d"))
    assert (first.node_id, first.volumes) == (second.node_id, second.volumes)
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "d").stat().st_mode & 0o777 == 0o700
    assert resolved(settings(tmp_path / "d")) == second
    assert not first.secure


def test_https_has_its_own_authority_when_no_certificate_is_given(tmp_path: Path) -> None:
    config, _ = resolve(settings(tmp_path / "d", tls=True))
    assert config.secure
    assert Path(config.tls_cert).is_file()
    assert Path(config.tls_key).stat().st_mode & 0o077 == 0


def test_a_look_at_a_folder_without_a_node_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(VmsError) as refused:
        resolved(settings(tmp_path / "none"))
    assert refused.value.kind is Kind.CONFIG
    assert not (tmp_path / "none").exists()


def test_sockets_of_a_long_path_go_to_a_short_private_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    long = tmp_path / ("x" * MAX_RUN_PATH)
    run = run_dir(long)
    assert run.parent == tmp_path
    assert run == run_path(long) == run_dir(long)
    assert run.stat().st_mode & 0o777 == 0o700
    assert run_path(long.with_name("y" * MAX_RUN_PATH)) != run


def test_a_link_that_somebody_put_there_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    long, target = tmp_path / ("x" * MAX_RUN_PATH), tmp_path / "theirs"
    target.mkdir(mode=0o755)
    target.chmod(0o755)
    os.symlink(target, run_path(long))  # noqa: PTH211  (the path is the link)
    with pytest.raises(VmsError) as refused:
        run_dir(long)
    assert refused.value.kind is Kind.CONFIG
    assert target.stat().st_mode & 0o777 == 0o755
