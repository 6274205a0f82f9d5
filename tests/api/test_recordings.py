"""Routes of recordings: times in and out, spans and gaps under the contract's names."""

from __future__ import annotations

import pytest

from tests.api.fakes import BEARER, NOON_US, FakeNode
from vms.api.recordings import month_span
from vms.base.errors import Kind, VmsError
from vms.base.timespan import format_time
from vms.owner.requests import (
    Calendar,
    CalendarAnswer,
    GapSpan,
    RecordedSpan,
    RescanAnswer,
    RescanVolume,
    SegmentPage,
    Segments,
    SegmentView,
    Timeline,
    TimelineAnswer,
)

SPAN = f"from={NOON_US}&to={NOON_US + 60_000_000}"


def test_a_timeline_is_told_under_the_contracts_names() -> None:
    node = FakeNode()
    end = NOON_US + 60_000_000
    recorded = (RecordedSpan(NOON_US, NOON_US + 5_000_001),)
    gaps = (GapSpan(NOON_US + 5_000_001, end, "camera_offline", "timeout"),)
    node.owner.answers[Timeline] = TimelineAnswer(NOON_US, end, recorded, gaps)
    answer = node.client.get(f"/api/v1/cameras/c1/timeline?{SPAN}&profile=sub", headers=BEARER)
    assert node.owner.last == Timeline("c1", "sub", NOON_US, end)
    assert answer.json() == {
        "from": "2026-05-01T12:00:00.000000Z",
        "to": "2026-05-01T12:01:00.000000Z",
        "recorded": [
            {
                "from": "2026-05-01T12:00:00.000000Z",
                "to": "2026-05-01T12:00:05.000001Z",
                "kind": "continuous",
                "at": "here",
                "state": "ok",
                "origin": "live",
            }
        ],
        "gaps": [
            {
                "from": "2026-05-01T12:00:05.000001Z",
                "to": "2026-05-01T12:01:00.000000Z",
                "cause": "camera_offline",
                "detail": "timeout",
            }
        ],
    }


@pytest.mark.parametrize(
    "start", ["2026-05-01T12:00:00Z", "2026-05-01T20:00:00%2B08:00", "2026-05-01T20:00:00+08:00", "2026-05-01T20:00:00.0+0800"]
)
def test_times_come_in_as_rfc_3339_even_with_an_unescaped_plus(start: str) -> None:
    node = FakeNode()
    node.owner.answers[Timeline] = TimelineAnswer(0, 1, (), ())
    node.client.get(f"/api/v1/cameras/c1/timeline?from={start}&to={NOON_US + 1}", headers=BEARER)
    assert node.owner.last.from_us == NOON_US


@pytest.mark.parametrize("query", [f"from={NOON_US}&to={NOON_US}", f"from=yesterday&to={NOON_US}", "from=2026-05-01T12:00:00&to=9"])
def test_spans_that_say_nothing_are_refused(query: str) -> None:
    answer = FakeNode().client.get(f"/api/v1/cameras/c1/timeline?{query}", headers=BEARER)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


def test_a_month_is_asked_as_the_local_span() -> None:
    node = FakeNode()
    node.owner.answers[Calendar] = CalendarAnswer(("2026-05-01",))
    answer = node.client.get("/api/v1/cameras/c1/calendar?month=2026-05", headers=BEARER)
    assert answer.json() == {"month": "2026-05", "days": ["2026-05-01"]}
    assert format_time(node.owner.last.from_us) == "2026-04-30T16:00:00.000000Z"
    assert format_time(node.owner.last.to_us) == "2026-05-31T16:00:00.000000Z"
    assert FakeNode().client.get("/api/v1/cameras/c1/calendar?month=2026-13", headers=BEARER).status_code == 422


def test_months_stay_inside_the_known_time() -> None:
    assert month_span("1970-01", 480).start_us == 0
    assert format_time(month_span("9999-12", -840).end_us) == "9999-12-31T23:59:59.999999Z"


def test_segments_are_listed_with_their_hashes() -> None:
    node = FakeNode()
    row = SegmentView("s1", NOON_US, NOON_US + 1, 10, "ab", "r1", 2, "rollover", "c1/main/x.mp4", "v1")
    node.owner.answers[Segments] = SegmentPage((row,), None)
    answer = node.client.get(f"/api/v1/cameras/c1/segments?{SPAN}&limit=5", headers=BEARER).json()
    assert answer["next"] is None
    assert {k: answer["items"][0][k] for k in ("id", "bytes", "sha256", "run", "seq", "end_reason", "path")} == {
        "id": "s1",
        "bytes": 10,
        "sha256": "ab",
        "run": "r1",
        "seq": 2,
        "end_reason": "rollover",
        "path": "c1/main/x.mp4",
    }
    assert answer["items"][0]["to"] == "2026-05-01T12:00:00.000001Z"


def test_a_volume_is_read_again_on_demand() -> None:
    node = FakeNode()
    node.owner.answers[RescanVolume] = RescanAnswer("v1", 9, 1, 2)
    answer = node.client.post("/api/v1/volumes/v1/rescan", headers=BEARER)
    assert answer.json() == {"volume": "v1", "files": 9, "added": 1, "unproved": 2}


def test_calendars_of_several_cameras_leave_out_what_the_actor_cannot_see() -> None:
    node = FakeNode()
    node.owner.answers[Calendar] = CalendarAnswer(("2026-05-01",))
    answer = node.client.get("/api/v1/calendars?month=2026-05&camera=c1&camera=c2&camera=c1", headers=BEARER)
    assert answer.json() == {"month": "2026-05", "items": [{"camera_id": c, "days": ["2026-05-01"]} for c in ("c1", "c2")]}
    node.owner.answers[Calendar] = VmsError(Kind.NOT_FOUND, "no such camera")
    assert node.client.get("/api/v1/calendars?month=2026-05&camera=c1", headers=BEARER).json()["items"] == []
    assert node.client.get("/api/v1/calendars?month=2026-05", headers=BEARER).status_code == 422
