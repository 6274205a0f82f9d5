"""Disks and arrays as their reports say, and nothing believed that is not understood."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vms.storage.disks import device_of, disk_of, parse_mdstat, parse_smart, whole_disk

DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize(
    ("array", "state", "detail"),
    [
        ("md0", "ok", "2 of 2 disks"),
        ("md1", "failing", "2 of 3 disks, recovery 12.6%"),
        ("md2", "failing", "the array is inactive"),
        ("md3", "unknown", "the array is not in /proc/mdstat"),
    ],
)
def test_arrays_are_told_with_their_missing_disks(array: str, state: str, detail: str) -> None:
    found = parse_mdstat((DATA / "mdstat-degraded.txt").read_text(), array)
    assert (found.device, found.state, found.detail) == (f"/dev/{array}", state, detail)


def test_a_disk_that_passes_with_bad_sectors_is_worn() -> None:
    found = parse_smart((DATA / "smart-ata-worn.json").read_text(), "/dev/sda")
    assert (found.state, found.detail) == ("worn", "reallocated sectors 24; pending sectors 3")


def test_a_disk_without_a_sign_is_ok_and_one_that_says_it_fails_is_failing() -> None:
    text = (DATA / "smart-nvme-ok.json").read_text()
    assert parse_smart(text, "/dev/nvme0").state == "ok"
    assert parse_smart(text.replace('"passed": true', '"passed": false'), "/dev/nvme0").state == "failing"
    assert parse_smart(text.replace('"percentage_used": 7', '"percentage_used": 97'), "/dev/nvme0").state == "worn"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["smart_status", "passed", "ata_smart_attributes", "table", "id", "raw", "value", "nvme_smart_health_information_log"]
                ),
                inner,
            )
        ),
    )
)
def test_whatever_a_disk_answers_is_a_state(answer: object) -> None:
    assert parse_smart(json.dumps(answer), "/dev/sda").state in ("ok", "worn", "failing", "unknown")


@given(st.text(max_size=200))
def test_text_that_is_none_of_ours_is_unknown(text: str) -> None:
    assert parse_mdstat(text, "md0").state in ("unknown", "failing", "ok")
    assert parse_smart(text + "{", "/dev/sda").state == "unknown"
    assert device_of(text, os.makedev(8, 1)) == ""


def test_the_device_is_the_mounts_and_the_disk_its_whole() -> None:
    mountinfo = "25 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n36 25 0:32 / /srv/v rw - tmpfs tmpfs rw\n"
    assert device_of(mountinfo, os.makedev(8, 1)) == "/dev/sda1"
    assert device_of(mountinfo, os.makedev(0, 32)) == "tmpfs"
    names = {"sda1": "sda", "sdb": "sdb", "nvme0n1p2": "nvme0n1", "nvme0n1": "nvme0n1", "vdc15": "vdc", "dm-0": "dm-0"}
    assert {name: whole_disk(name) for name in names} == names


def test_this_machines_own_folder_has_an_answer(tmp_path: Path) -> None:
    assert disk_of(str(tmp_path)).state in ("ok", "worn", "failing", "unknown")
