"""Pages of a city's register: found by index, whatever the place of the page."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from vms.base.db import Database
from vms.base.errors import VmsError
from vms.registry.queries import CameraFilter, camera_page, profiles_of

CITY = 11_000
FILL = """
INSERT INTO cameras (id, name, node_id, record, enabled, revision, created_us, changed_us)
SELECT md5(n::text)::uuid::text, 'Point ' || lpad(n::text, 5, '0'), 'n1', 'always', true, 1, 0, 0 FROM generate_series(1, :count) n
"""
PROFILES = "INSERT INTO camera_profiles SELECT id, 'main', 'rtsp://192.0.2.1/' || id, NULL, 'auto' FROM cameras"


def fill(session: Session, count: int) -> None:
    session.execute(text(FILL), {"count": count})
    session.execute(text(PROFILES))
    session.execute(text("ANALYZE cameras, camera_profiles"))


def test_every_page_of_a_city_is_read_by_index(database: Database) -> None:
    with database.transaction() as session:
        fill(session, CITY)
        connection = session.connection()
        cursor, seen = None, list[str]()
        while True:
            rows, cursor = camera_page(session, CameraFilter(), cursor, 500)
            seen += [row.name for row in rows]
            assert len(profiles_of(session, [row.id for row in rows])) == len(rows)
            if cursor is None:
                break
        deep = "SELECT * FROM cameras WHERE removed_us IS NULL AND (name, id) > ('Point 10000', '') ORDER BY name, id LIMIT 501"
        plans = list(connection.execute(text(f"EXPLAIN {deep}")).scalars())
    assert seen == [f"Point {n:05}" for n in range(1, CITY + 1)]
    assert any("ix_cameras_name_id" in line for line in plans), plans
    assert not any("Sort" in line for line in plans), plans


def test_thousands_of_ids_among_or_not_are_one_parameter(database: Database) -> None:
    with database.transaction() as session:
        fill(session, 2_000)
        ids = list(session.execute(text("SELECT id FROM cameras ORDER BY name")).scalars())
        found, _ = camera_page(session, CameraFilter(among=ids[:1500]), None, 500)
        assert found[-1].name == "Point 00500"
        found, _ = camera_page(session, CameraFilter(not_among=ids[:1990]), None, 500)
        assert [row.name for row in found] == [f"Point {n:05}" for n in range(1991, 2001)]
        assert camera_page(session, CameraFilter(among=[]), None, 500) == ([], None)
        assert len(camera_page(session, CameraFilter(not_among=[]), None, 7)[0]) == 7


def test_a_page_has_a_bound(database: Database) -> None:
    with database.transaction() as session:
        for limit in (0, 501, -1):
            with pytest.raises(VmsError):
                camera_page(session, CameraFilter(), None, limit)
