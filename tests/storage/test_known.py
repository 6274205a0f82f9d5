"""The node's list of volumes: outlives its volumes, changes whole, says when it is damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from vms.base.errors import Kind, VmsError
from vms.storage.known import LIST, KnownVolume, change_known, read_known

ONE, TWO = KnownVolume("v1", "/srv/one", 3), KnownVolume("v2", "/srv/two", retired=True)


def test_a_node_without_a_list_is_told_from_one_with_an_empty_list(tmp_path: Path) -> None:
    assert read_known(str(tmp_path)) is None
    change_known(str(tmp_path), lambda known: (*known, ONE))
    change_known(str(tmp_path), lambda _: ())
    assert read_known(str(tmp_path)) == ()


def test_changes_are_read_back_in_order(tmp_path: Path) -> None:
    for volume in (ONE, TWO):
        change_known(str(tmp_path), lambda known, volume=volume: (*known, volume))
    assert read_known(str(tmp_path)) == (ONE, TWO)
    assert (tmp_path / LIST).stat().st_mode & 0o777 == 0o600


def test_a_change_that_is_refused_changes_nothing(tmp_path: Path) -> None:
    change_known(str(tmp_path), lambda _: (ONE,))

    def refuse(_: object) -> tuple[KnownVolume, ...]:
        raise VmsError(Kind.CONFLICT, "no")

    with pytest.raises(VmsError):
        change_known(str(tmp_path), refuse)
    assert read_known(str(tmp_path)) == (ONE,)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"volumes": [{}]}', '{"volumes": [{"id": 1, "path": "", "generation": 0, "retired": false}]}']
)
def test_a_damaged_list_is_an_error_and_no_empty_list(tmp_path: Path, text: str) -> None:
    (tmp_path / LIST).write_text(text)
    with pytest.raises(VmsError, match=LIST) as error:
        read_known(str(tmp_path))
    assert error.value.kind is Kind.CONFIG
