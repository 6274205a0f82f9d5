"""A replayed disk keeps what was synced, loses only what was not, and every legal fate of the rest turns up."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.faults.files import Log, Op, WatchedFiles
from tests.faults.replay import disk_after, put_down, replay

MADE = [Op("make_dir", "a"), Op("fsync_dir", ""), Op("create", "a/x")]
NAMED = [*MADE, Op("fsync_dir", "a")]
State = dict[str, bytes | None]


def states(ops: Sequence[Op], count: int = 300) -> list[State]:
    return [replay(ops, len(ops), random.Random(seed)) for seed in range(count)]


def contents(ops: Sequence[Op]) -> set[bytes | None]:
    return {state.get("a/x") for state in states(ops)}


def test_a_name_whose_directory_was_not_synced_is_there_or_not() -> None:
    assert {"a/x" in state for state in states([*MADE, Op("write", "a/x", 0, b"1"), Op("fsync", "a/x")])} == {True, False}
    assert all("a/x" in state for state in states(NAMED))


def test_nothing_is_in_a_folder_that_is_not_there() -> None:
    found = states([Op("make_dir", "a"), Op("create", "a/x"), Op("fsync_dir", "a")])
    assert {frozenset(state) for state in found} == {frozenset(), frozenset({"a", "a/x"})}


def test_synced_bytes_stay_and_unsynced_ones_take_every_fate() -> None:
    first, second = b"1" * 700, b"2" * 1000
    ops = [*NAMED, Op("write", "a/x", 0, first), Op("fsync", "a/x"), Op("write", "a/x", 700, second)]
    found = contents(ops)
    assert all(data is not None and data.startswith(first) for data in found)
    assert {first, first + second, first + bytes(1000), first + second[:324]} <= found
    assert any(data is not None and len(data) == 1700 and 0 < data.count(b"2") < 1000 for data in found), "some sectors only"


def test_a_later_write_may_reach_the_disk_without_the_one_before() -> None:
    ops = [*NAMED, Op("write", "a/x", 0, b"1" * 600), Op("write", "a/x", 600, b"2" * 600)]
    assert bytes(600) + b"2" * 600 in contents(ops)


def test_syncfs_covers_names_and_bytes_of_everything_before() -> None:
    ops = [Op("make_dir", "a"), Op("create", "a/x"), Op("write", "a/x", 0, b"1"), Op("syncfs", "")]
    assert contents(ops) == {b"1"}


def test_a_rename_is_whole_or_lost() -> None:
    ops = [*NAMED, Op("write", "a/x", 0, b"1"), Op("fsync", "a/x"), Op("rename", "a/x", to="a/y")]
    found = {frozenset(state.items()) for state in states(ops)}
    assert found == {frozenset({("a", None), ("a/x", b"1")}), frozenset({("a", None), ("a/y", b"1")})}


def test_a_rename_may_land_before_the_bytes_of_its_file() -> None:
    ops = [*NAMED, Op("write", "a/x", 0, b"1" * 600), Op("rename", "a/x", to="a/y"), Op("fsync_dir", "a")]
    assert {state["a/y"] for state in states(ops)} >= {b"", b"1" * 600, bytes(600)}


def test_a_removal_may_be_lost() -> None:
    ops = [*NAMED, Op("write", "a/x", 0, b"1"), Op("fsync", "a/x"), Op("unlink", "a/x")]
    assert {"a/x" in state for state in states(ops)} == {True, False}
    assert all("a/x" not in state for state in states([*ops, Op("fsync_dir", "a")]))


def test_a_truncation_may_be_lost() -> None:
    ops = [*NAMED, Op("write", "a/x", 0, b"123"), Op("fsync", "a/x"), Op("truncate", "a/x", size=1)]
    assert contents(ops) == {b"1", b"123"}


@given(st.integers(0, 2**32), st.lists(st.sampled_from(["write", "fsync", "dir", "syncfs"]), max_size=12))
def test_what_was_synced_is_always_a_prefix_of_what_is_found(seed: int, steps: list[str]) -> None:
    ops, written, synced = list(NAMED), 0, 0
    for number, step in enumerate(steps):
        if step == "write":
            data = bytes([number + 1]) * (300 + 111 * number)
            ops.append(Op("write", "a/x", written, data))
            written += len(data)
        else:
            ops.append({"fsync": Op("fsync", "a/x"), "dir": Op("fsync_dir", "a"), "syncfs": Op("syncfs", "")}[step])
            synced = synced if step == "dir" else written
    whole = b"".join(op.data for op in ops)
    data = replay(ops, len(ops), random.Random(seed))["a/x"]
    assert data is not None
    assert synced <= len(data) <= written
    assert data[:synced] == whole[:synced]
    assert all(found in (0, wanted) for found, wanted in zip(data, whole, strict=False))


def test_the_same_seed_gives_the_same_state() -> None:
    ops = [*MADE, Op("write", "a/x", 0, b"1" * 5000)]
    assert states(ops, 50) == states(ops, 50)


def test_with_everything_synced_the_replay_is_the_real_disk(tmp_path: Path) -> None:
    log = Log()
    files = WatchedFiles(log)
    real, copy = tmp_path / "real", tmp_path / "copy"
    real.mkdir()
    copy.mkdir()
    root = files.open_root(str(real))
    files.make_dir(root, "a")
    for name in ("a/x", "a/y", "a/z"):
        fd = files.create(root, name)
        files.write(fd, [name.encode() * 100])
        files.truncate(fd, 200)
        files.write(fd, [b"more"])
    files.rename(root, "a/x", "a/w")
    files.unlink(root, "a/y")
    files.syncfs(root)
    put_down(disk_after(log.ops).cut(random.Random(1)), copy)
    tree = {path.relative_to(real): path.read_bytes() for path in real.rglob("*") if path.is_file()}
    assert tree == {path.relative_to(copy): path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    assert len(tree) == 2
