"""Media requests and their answers as JSON objects, for askers in other processes (and, later, other nodes).

Both directions validate: what comes off a link is hostile. Not here: the link itself, the decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from vms.base.errors import Kind, VmsError
from vms.owner.requests import (
    CameraRequest,
    Clip,
    ContinueLive,
    ContinueSpan,
    Extent,
    GapSpan,
    LiveOpened,
    OpenLive,
    OpenSpan,
    Snapshot,
    SnapshotAt,
    SpanOpened,
)

KINDS = (OpenLive, ContinueLive, Snapshot, OpenSpan, SnapshotAt, ContinueSpan, Clip)
REQUESTS: dict[str, type[CameraRequest]] = {cls.__name__: cls for cls in KINDS}
Answer = LiveOpened | SpanOpened


def request_to_json(request: CameraRequest) -> dict[str, Any]:
    return {"type": type(request).__name__, **asdict(request)}


def request_from_json(raw: Mapping[str, Any]) -> CameraRequest:
    """Raises BAD_REQUEST on an unknown type, a missing or a foreign field."""
    cls = REQUESTS.get(str(raw.get("type")))
    if cls is None:
        raise VmsError(Kind.BAD_REQUEST, "no such media request", given=str(raw.get("type"))[:40])
    values: dict[str, Any] = {key: value for key, value in raw.items() if key != "type"}
    known = {f.name: f for f in fields(cls)}
    for key, value in values.items():
        if key not in known or not isinstance(value, str | int):
            raise VmsError(Kind.BAD_REQUEST, f"'{key[:40]}' does not belong in {cls.__name__}")
    if not isinstance(values.get("camera"), str):
        raise VmsError(Kind.BAD_REQUEST, "name the camera")
    return cls(**values)


def answer_to_json(answer: Answer) -> dict[str, Any]:
    return {"answer": type(answer).__name__, **asdict(answer)}


def answer_from_json(raw: Mapping[str, Any]) -> Answer:
    if raw.get("answer") == "LiveOpened":
        return LiveOpened(str(raw["camera"]), str(raw["profile"]), int(raw["worker"]))
    extents = tuple(_extent(row) for row in raw["extents"])
    gaps = tuple(GapSpan(*row) for row in raw["gaps"])
    return SpanOpened(str(raw["camera"]), str(raw["profile"]), extents, gaps, bool(raw["complete"]))


def _extent(row: list[Any]) -> Extent:
    """asdict keeps a NamedTuple's order, JSON makes it a list."""
    path, init_size, run, start_us, end_us, gops, growing, state = row
    return Extent(path, init_size, run, start_us, end_us, tuple((g[0], g[1], g[2], g[3]) for g in gops), growing, state)
