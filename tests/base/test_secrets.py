"""Sealed values open only where they were sealed, and only with the node's own key file."""

from pathlib import Path
from stat import S_IMODE

import pytest

from vms.base.errors import Kind, VmsError
from vms.base.secrets import load_envelope


def test_the_key_file_is_made_once_with_mode_0600(tmp_path: Path) -> None:
    path = tmp_path / "key"
    sealed = load_envelope(path).seal(b"Station-7", "camera|1|password")
    assert S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
    assert load_envelope(path).open(sealed, "camera|1|password") == b"Station-7"


def test_a_value_moved_to_another_place_or_changed_does_not_open(tmp_path: Path) -> None:
    envelope = load_envelope(tmp_path / "key")
    sealed = envelope.seal(b"Station-7", "camera|1|password")
    for value, context in ((sealed, "camera|2|password"), (sealed[:-1] + b"\0", "camera|1|password"), (b"", "camera|1|password")):
        with pytest.raises(VmsError) as caught:
            envelope.open(value, context)
        assert caught.value.kind is Kind.DAMAGED


def test_two_seals_of_one_value_differ(tmp_path: Path) -> None:
    envelope = load_envelope(tmp_path / "key")
    assert envelope.seal(b"x", "c") != envelope.seal(b"x", "c")


def test_a_new_key_seals_while_the_old_one_still_opens(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    sealed = load_envelope(old).seal(b"x", "c")
    load_envelope(new)
    old.write_text(old.read_text() + new.read_text())
    both = load_envelope(old)
    assert both.open(sealed, "c") == b"x"
    assert load_envelope(new).open(both.seal(b"y", "c"), "c") == b"y"


@pytest.mark.parametrize("content", ["", "not a key\n", "01020304 c2hvcnQ=\n", "zz zz zz\n", "01020304 ***\n"])
def test_a_malformed_key_file_is_a_configuration_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(VmsError, match="malformed") as caught:
        load_envelope(path)
    assert caught.value.kind is Kind.CONFIG


def test_a_key_file_that_others_can_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "key"
    load_envelope(path)
    path.chmod(0o640)
    with pytest.raises(VmsError, match="chmod 600"):
        load_envelope(path)
