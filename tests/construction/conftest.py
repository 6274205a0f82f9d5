"""The desk, on this test's own database."""

from __future__ import annotations

import pytest

from tests.construction.desk import TestDesk
from vms.base.db import Database


@pytest.fixture
def desk(database: Database) -> TestDesk:
    return TestDesk(database)
