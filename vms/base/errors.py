"""The one list of error kinds and the one expected exception.

Not here: status codes. Each edge (HTTP, link, RTSP, exit code) owns a table from kind to its own code.
"""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What went wrong, in words every edge can translate. Documented in docs/ref/errors.md."""

    BAD_REQUEST = "bad_request"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    NO_RECORDING = "no_recording"
    CONFLICT = "conflict"
    NOT_ACCEPTABLE = "not_acceptable"
    PRECONDITION = "precondition"
    TOO_LARGE = "too_large"
    LIMIT = "limit"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    # What a camera or its stream can do wrong; the camera's `cause` is one of these.
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    AUTH = "auth"
    NO_VIDEO = "no_video"
    UNSUPPORTED_CODEC = "unsupported_codec"
    PROTOCOL = "protocol"
    STALLED = "stalled"
    OVERLOAD = "overload"
    NOT_ALLOWED = "not_allowed"
    # What this node's own disk, database or configuration can do wrong.
    DISK_FULL = "disk_full"
    IO_ERROR = "io_error"
    DAMAGED = "damaged"
    CONFIG = "config"


class VmsError(Exception):
    """An expected failure: kind, a sentence with place and remedy, and the facts that find the culprit.

    Facts are JSON values; they never hold a secret.
    """

    def __init__(self, kind: Kind, message: str, **facts: str | int | float | bool | None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.facts = facts

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"
