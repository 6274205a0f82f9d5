"""The schema's history has one head, goes up and down, and agrees with the models."""

from __future__ import annotations

import time
from typing import Any, cast

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.dialects.postgresql import base as postgresql_base
from sqlalchemy.pool import NullPool

from vms.base.db import Database
from vms.base.journal_models import Xid8
from vms.base.partitions import is_partition
from vms.migrations.head import heads, is_current
from vms.migrations.upgrade import config_for, downgrade, upgrade
from vms.schema import metadata


def tables(url: str) -> set[str]:
    database = Database(url, pool_size=1)
    with database.transaction() as session:
        found = set(session.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars())
    database.dispose()
    return found


def test_there_is_one_head_and_the_cheap_reading_agrees_with_alembic() -> None:
    script = ScriptDirectory.from_config(config_for())
    assert heads() == list(script.get_heads())
    assert len(heads()) == 1


def test_an_empty_database_comes_to_the_head_and_again_changes_nothing(empty_database_url: str) -> None:
    database = Database(empty_database_url, pool_size=1)
    with database.transaction() as session:
        assert not is_current(session)
    started = time.process_time()
    upgrade(empty_database_url)
    assert time.process_time() - started < 0.5
    upgrade(empty_database_url)
    with database.transaction() as session:
        assert is_current(session)
    database.dispose()


def test_each_revision_goes_down_and_up_again_leaving_nothing(empty_database_url: str) -> None:
    revisions = [r.revision for r in ScriptDirectory.from_config(config_for()).walk_revisions()][::-1]
    for revision in revisions:
        upgrade(empty_database_url, revision)
        before = tables(empty_database_url)
        downgrade(empty_database_url, "-1")
        upgrade(empty_database_url, revision)
        assert tables(empty_database_url) == before
    downgrade(empty_database_url, "base")
    assert tables(empty_database_url) == {"alembic_version"}


def looked_at(_object: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    return kind != "table" or not is_partition(name or "")


def test_the_models_and_the_migrated_database_agree(database_url: str) -> None:
    cast(dict[str, Any], postgresql_base.ischema_names)["xid8"] = Xid8
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.connect() as connection:
        options: dict[str, Any] = {"compare_type": True, "include_object": looked_at}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata()) == []


def test_a_revision_that_fails_half_way_leaves_the_old_schema(empty_database_url: str) -> None:
    database = Database(empty_database_url, pool_size=1)
    with database.transaction() as session:
        session.execute(text("CREATE TABLE audit_seals (n int)"))  # in the way of the last statements of 0001
    try:
        upgrade(empty_database_url)
    except Exception as error:  # noqa: BLE001 whichever the driver raises
        assert "audit_seals" in str(error)
    else:
        raise AssertionError("it must fail")
    assert tables(empty_database_url) == {"audit_seals"}
    database.dispose()
