"""Recorded files are made once; nothing changes them."""

from __future__ import annotations

import pytest

from tests.playback.recorded import T0_US, record
from vms.owner.requests import Extent


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Extent, ...]:
    """Twenty seconds, then a hole of an hour, then ten more seconds of another run."""
    first = record(tmp_path_factory.mktemp("a"), "gate-sub", 20)
    return first + record(tmp_path_factory.mktemp("b"), "gate-sub", 10, from_us=T0_US + 3_600_000_000)


@pytest.fixture(scope="session")
def sounding(tmp_path_factory: pytest.TempPathFactory) -> tuple[Extent, ...]:
    """Picture and AAC sound."""
    return record(tmp_path_factory.mktemp("c"), "aac", 12)
