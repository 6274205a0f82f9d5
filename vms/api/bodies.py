"""Values that all bodies share: time in and out, the problem, pages. Bodies of one topic stand beside its routes."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from vms.base.errors import Kind, VmsError
from vms.base.timespan import Span, format_time, parse_time

TimeOut = Annotated[str, Field(json_schema_extra={"format": "date-time"}, examples=["2026-05-01T08:00:00.000000Z"])]
"""RFC 3339 UTC with microseconds."""

TIME_IN = "RFC 3339 with an offset, or integer microseconds UTC"
Limit = Annotated[int, Query(ge=1, le=500)]
Cursor = Annotated[str | None, Query(max_length=2048, description="`next` of the page before")]
From = Annotated[str, Query(alias="from", max_length=64, description=TIME_IN)]
To = Annotated[str, Query(alias="to", max_length=64, description=TIME_IN)]
ProfileName = Annotated[str, Query(pattern="^(main|sub)$")]

# A client that forgot to escape the `+` of an offset: a query turns it into a space.
_LOST_PLUS = re.compile(r"(?<=\d) (?=\d\d:?\d\d$)")


class In(BaseModel):
    """Of a body that comes in: an unknown field is a mistake worth telling."""

    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    """Of a body that goes out."""

    model_config = ConfigDict(frozen=True)


class Problem(Out):
    """RFC 9457. `code` is stable and for programs, `params` holds the facts for a translated text."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    params: dict[str, Any]
    request_id: str


def time_in(text: str) -> int:
    return parse_time(_LOST_PLUS.sub("+", text))


def span_in(start: str, end: str) -> Span:
    span = Span(time_in(start), time_in(end))
    if span.start_us >= span.end_us:
        raise VmsError(Kind.BAD_REQUEST, "'from' must lie before 'to'", place="from")
    return span


def time_out(us: int | None) -> str | None:
    return None if us is None else format_time(us)
