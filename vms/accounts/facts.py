"""Facts of sessions (docs/ref/facts.md). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vms.events import Event


@dataclass(frozen=True, slots=True)
class SessionOpened(Event):
    """An officer signed in. The subject is the officer; `session` is the first 12 digits of the session's hash."""

    type: ClassVar[str] = "session.opened"
    subject_kind: ClassVar[str] = "officer"
    session: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class SessionClosed(Event):
    """A session ended. `reason` is `sign_out` or `revoked`."""

    type: ClassVar[str] = "session.closed"
    subject_kind: ClassVar[str] = "officer"
    session: str
    reason: str = "sign_out"


@dataclass(frozen=True, slots=True)
class SessionRefused(Event):
    """Somebody tried to sign in and was refused. The subject is the officer, or empty when nobody is known by that."""

    type: ClassVar[str] = "session.refused"
    subject_kind: ClassVar[str] = "officer"
    reason: str
    address: str = ""


FACTS: tuple[type[Event], ...] = (
    SessionOpened,
    SessionClosed,
    SessionRefused,
)
