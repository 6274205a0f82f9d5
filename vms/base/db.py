"""The database port: engine, model base and `transaction()`, which is one transaction, committed at the edge.

Called from threads only: SQL on an event loop would stop sockets and media, so it is refused. Not here: the server
(postgres), tables (each package's models), migrations.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Engine, LargeBinary, MetaData, Text, create_engine, event
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session

from vms.base.errors import Kind, VmsError

# Names are fixed so that migrations can speak of them.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Model(DeclarativeBase):
    """Base of all tables. Times are `_us` bigints, ids are UUID strings."""

    metadata: ClassVar[MetaData] = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: BigInteger,
        str: Text,
        bytes: LargeBinary,
        dict[str, Any]: JSONB,
        list[str]: ARRAY(Text),
    }


class Database:
    """A pool of connections. `after_commit` hooks run in the committing thread, once per committed transaction."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 8,
        max_overflow: int = 4,
        pool_timeout_s: float = 5.0,
        statement_timeout_ms: int = 5_000,
        lock_timeout_ms: int = 2_000,
        application_name: str = "vms",
    ) -> None:
        settings = f"-c statement_timeout={statement_timeout_ms} -c lock_timeout={lock_timeout_ms} -c timezone=UTC -c jit=off"
        self.url = url
        self.engine: Engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=max_overflow,
            pool_timeout=pool_timeout_s,
            pool_pre_ping=True,
            hide_parameters=True,  # statements reach the log, values (which may be secrets) never
            connect_args={"application_name": application_name, "connect_timeout": 5, "options": settings},
        )
        self.after_commit: list[Callable[[Session], None]] = []

    @contextmanager
    def transaction(self) -> Generator[Session]:
        """Commit on success, roll back on any exception. Database failures leave as VmsError."""
        _refuse_event_loop()
        try:
            with Session(self.engine, expire_on_commit=False) as session, session.begin():
                yield session
        except (DBAPIError, PoolTimeout) as error:
            raise translate(error) from error
        for hook in self.after_commit:
            hook(session)

    def dispose(self) -> None:
        """Close the pool; a later transaction opens it again."""
        self.engine.dispose()


# SQLSTATE → kind and what to do. By whole code first, then by class (PostgreSQL manual, appendix A).
_BY_STATE: dict[str, tuple[Kind, str]] = {
    "23505": (Kind.CONFLICT, "this already exists"),
    "23503": (Kind.CONFLICT, "something else refers to this, or what it refers to is gone"),
    "23P01": (Kind.CONFLICT, "this overlaps something that exists"),
    "40001": (Kind.UNAVAILABLE, "the database saw a conflict: try again"),
    "40P01": (Kind.UNAVAILABLE, "the database saw a deadlock: try again"),
    "53100": (Kind.DISK_FULL, "the database's volume is full: free space on it"),
    "55P03": (Kind.TIMEOUT, "a lock was held too long: try again"),
    "57014": (Kind.TIMEOUT, "the database took too long for this question: narrow it"),
    "42501": (Kind.FORBIDDEN, "the database refuses this: rows of this table only grow"),
}
_BY_CLASS: dict[str, tuple[Kind, str]] = {
    "22": (Kind.BAD_REQUEST, "the database cannot hold this value"),
    "08": (Kind.UNAVAILABLE, "the database is away"),
    "53": (Kind.UNAVAILABLE, "the database is out of resources"),
    "57": (Kind.UNAVAILABLE, "the database is going down or starting"),
    "58": (Kind.IO_ERROR, "the database cannot read or write its files"),
    "XX": (Kind.DAMAGED, "the database found damage in its files"),
}


def after_commit(session: Session, call: Callable[[], None]) -> None:
    """Run `call` once this transaction is committed, never when it is rolled back."""

    def committed(_session: Session) -> None:
        call()

    event.listen(session, "after_commit", committed, once=True)


def translate(error: DBAPIError | PoolTimeout) -> Exception:
    """The kind of a database failure; what no kind fits is a bug and stays what it is."""
    if isinstance(error, PoolTimeout):
        return VmsError(Kind.UNAVAILABLE, "all database connections are busy")
    state: str = getattr(error.orig, "sqlstate", None) or ""
    kind, message = _BY_STATE.get(state) or _BY_CLASS.get(state[:2]) or (None, "")
    if kind is None and not state and type(error).__name__ in ("OperationalError", "InterfaceError"):
        kind, message = Kind.UNAVAILABLE, "the database is away"
    if kind is None and type(error).__name__ == "DataError":
        kind, message = _BY_CLASS["22"]
    return error if kind is None else VmsError(kind, message, sqlstate=state)


def _refuse_event_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError("SQL on an event loop: run it in a thread (asyncio.to_thread)")
