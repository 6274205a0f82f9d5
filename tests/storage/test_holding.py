"""A volume has one node: all its processes together, and nobody else until the last of them is gone."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from vms.base.errors import Kind, VmsError
from vms.storage.holding import hold, holder_of


@pytest.fixture
def root(tmp_path: Path) -> Generator[int]:
    fd = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield fd
    os.close(fd)


def test_processes_of_one_node_share_a_volume_and_another_node_is_refused(root: int) -> None:
    first = hold(root, "boot /srv/a", "/srv/v")
    second = hold(root, "boot /srv/a", "/srv/v")
    os.close(first)
    with pytest.raises(VmsError, match="another node") as error:
        hold(root, "boot /srv/b", "/srv/v")
    assert (error.value.kind, error.value.facts["holder"]) == (Kind.CONFLICT, "/srv/a")
    os.close(second)
    os.close(hold(root, "boot /srv/b", "/srv/v"))


def test_a_refused_node_leaves_no_word_and_no_lock(root: int) -> None:
    held = hold(root, "boot /srv/a", "/srv/v")
    for _ in range(3):
        with pytest.raises(VmsError):
            hold(root, "boot /srv/bb", "/srv/v")
    os.close(hold(root, "boot /srv/a", "/srv/v"))
    os.close(held)


def test_a_node_is_its_data_directory_on_this_start_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to("data")
    assert holder_of(str(tmp_path / "data")) == holder_of(str(tmp_path / "link"))
    assert holder_of(str(tmp_path / "data")) != holder_of(str(tmp_path))
