"""Record plans on real processes: an event with the seconds before it, both streams by their rules, plans changed while they are
followed, and a schedule that flips while control is dead.
"""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Generator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.node import Node, now_us, serve, sim_cameras
from tests.support.wait import pass_time, wait_until
from vms.base.timespan import format_time, parse_time
from vms.sim.marks import Mark, find_marks, tally

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(240)]

SECOND = 1_000_000
GOP_US = 2 * SECOND  # of the clips used here
PRE_S = 10
NEVER = {"mode": "never"}
ON_EVENT = {"mode": "event"}
ALWAYS = {"mode": "always"}
ZONE = ZoneInfo("Asia/Shanghai")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Figure = Callable[[str, object], None]


class Planned:
    """A node and simulated cameras of two streams each."""

    def __init__(self, node: Node, base: str) -> None:
        self.node, self.base = node, base

    def plan(self, name: str, main: dict[str, Any], sub: dict[str, Any] = NEVER, post_s: int = 2) -> str:
        body = {"name": name, "main": main, "sub": sub, "pre_s": PRE_S, "post_s": post_s}
        return str(self.node.post("/record-plans", body)["id"])

    def camera(self, number: int, record: str) -> str:
        profiles = [{"name": name, "url": f"{self.base}/cam/{number}/{name}"} for name in ("main", "sub")]
        body = {"name": f"camera {number} {record[-6:]}", "profiles": profiles, "record": record}
        return str(self.node.post("/cameras", body)["id"])

    def wait_pulled(self, camera: str) -> None:
        wait_until("a picture", lambda: self.node.camera(camera)["last_frame_at"], 20)

    def recorded(self, camera: str, from_us: int, to_us: int) -> list[tuple[int, int, str]]:
        answer = self.node.get(f"/cameras/{camera}/timeline", **{"from": from_us, "to": to_us})
        return [(parse_time(r["from"]), parse_time(r["to"]), r["kind"]) for r in answer["recorded"]]

    def marks(self, camera: str, profile: str) -> list[Mark]:
        files = sorted((self.node.data / "recordings").glob(f"{camera}/{profile}/*/*.mp4"))
        return [mark for path in files for mark in find_marks(path.read_bytes())]


@pytest.fixture(scope="module")
def planned() -> Generator[Planned]:
    with tempfile.TemporaryDirectory(prefix="vms-") as top, sim_cameras(Path(top), 4) as base, serve(Path(top) / "node") as node:
        yield Planned(node, base)
        assert node.stop() == 0
        assert node.bad_log_lines() == []
        found = node.check()
        assert not any(found[name] for name in ("missing", "orphan", "short", "changed", "chain_broken")), found


def exact(planned: Planned, camera: str, from_us: int) -> list[str]:
    """Recorded and gaps are the window; the gaps' causes."""
    line = planned.node.timeline(camera, from_us, now_us())
    assert line.is_exact(), line
    return [cause for _, _, cause in line.gaps]


def test_an_event_is_recorded_from_ten_seconds_before_it_and_the_sub_stream_always(planned: Planned, record_property: Figure) -> None:
    node, began_us = planned.node, now_us()
    camera = planned.camera(1, planned.plan("Main on event, sub always", ON_EVENT, ALWAYS))
    planned.wait_pulled(camera)
    pass_time(PRE_S + 3)
    assert planned.marks(camera, "main") == []
    assert not node.camera(camera)["profiles"][0].get("recording", False)
    assert len(planned.marks(camera, "sub")) > 5 * 10
    triggered_us = now_us()
    event = node.post(f"/cameras/{camera}/events", {"reason": "door opened", "duration_s": 1})
    wait_until("the event to be over", lambda: not node.get("/events/running")["items"], 10)
    end_us = parse_time(event["to"]) + 2 * SECOND
    wait_until("the recording to end", lambda: not _files_grow(planned, camera), 15, poll_s=1.0)
    marks = planned.marks(camera, "main")
    found = tally(marks)
    assert (found.missing, found.doubled) == (0, 0), found
    before_us, after_us = triggered_us - min(m.wall_us for m in marks), max(m.wall_us for m in marks) - end_us
    record_property("pre_record_s", before_us / SECOND)
    record_property("behind_the_end_s", after_us / SECOND)
    assert PRE_S * SECOND <= before_us <= PRE_S * SECOND + GOP_US + SECOND
    assert -SECOND // 10 <= after_us <= GOP_US
    pass_time(2.5)
    spans = planned.recorded(camera, began_us, now_us())
    assert [kind for _, _, kind in spans] == ["event"]
    assert set(exact(planned, camera, began_us)) <= {"schedule", "not_registered"}
    listed = node.get(f"/cameras/{camera}/events", **{"from": format_time(began_us), "to": format_time(now_us())})["items"]
    assert [(e["id"], e["reason"]) for e in listed] == [(event["id"], "door opened")]
    told = [f["type"] for f in node.items("/facts") if f["data"].get("event") == event["id"]]
    assert told == ["event.started", "event.ended"]


def _files_grow(planned: Planned, camera: str) -> bool:
    """Whether main is being written just now."""
    before = sum(path.stat().st_size for path in planned.node.files(camera) if "/main/" in str(path))
    pass_time(2.2)
    return before == 0 or sum(path.stat().st_size for path in planned.node.files(camera) if "/main/" in str(path)) != before


@pytest.mark.long
def test_changing_a_plan_changes_its_cameras_within_a_gop(planned: Planned) -> None:
    node, began_us = planned.node, now_us()
    plan = planned.plan("Changing", ALWAYS)
    camera = planned.camera(2, plan)
    node.wait_recording([camera])
    pass_time(4)
    node.patch(f"/record-plans/{plan}", {"main": ON_EVENT})
    stopped_us = now_us()
    wait_until("recording to stop", lambda: not node.camera(camera)["recording"], 1 + GOP_US / SECOND + 0.5)
    pass_time(4)
    node.patch(f"/record-plans/{plan}", {"main": ALWAYS})
    started_us = now_us()
    node.wait_recording([camera], 1 + GOP_US / SECOND + 0.5)
    pass_time(5)
    first, second = planned.recorded(camera, began_us, now_us())
    assert stopped_us - GOP_US <= first[1] <= stopped_us + SECOND + GOP_US
    assert started_us - GOP_US <= second[0] <= started_us + SECOND
    assert "schedule" in exact(planned, camera, began_us)
    answer = node.http.delete(f"/api/v1/record-plans/{plan}")
    assert (answer.status_code, answer.json()["params"]["cameras"]) == (409, 1)
    node.patch(f"/cameras/{camera}", {"record": "never"})
    assert node.http.delete(f"/api/v1/record-plans/{plan}").status_code == 204


@pytest.mark.long
def test_record_now_goes_on_over_the_death_of_control_and_of_the_worker_and_stops_when_told(planned: Planned) -> None:
    node, began_us = planned.node, now_us()
    camera = planned.camera(3, "never")
    event = node.post(f"/cameras/{camera}/events", {"reason": "manual", "duration_s": 600, "forced": True})
    node.wait_recording([camera])
    pass_time(6)  # a GOP at least has its seal
    node.kill("control")
    node.kill("worker")
    wait_until("the API", lambda: _answers(node), 30)
    killed_us = now_us()
    wait_until(
        "the camera to be recorded again",
        lambda: max((end for _, end, _ in planned.recorded(camera, began_us, now_us())), default=0) > killed_us,
        30,
    )
    stopped = node.post(f"/cameras/{camera}/events/stop", {})["items"]
    assert [e["id"] for e in stopped] == [event["id"]]
    wait_until("recording to stop", lambda: not node.camera(camera)["recording"], 10 + 5)  # post_s of the short form
    pass_time(3)
    assert {kind for _, _, kind in planned.recorded(camera, began_us, now_us())} == {"event"}
    causes = exact(planned, camera, began_us)
    assert causes[-2:] in (["worker_crash", "schedule"], ["power", "schedule"]), causes  # control knew its worker, or died first


def _answers(node: Node) -> bool:
    with suppress(Exception):  # whatever a dead process's socket says
        return node.http.get("/api/v1/me").status_code == 200
    return False


@pytest.mark.long
def test_a_schedule_flips_to_the_gop_while_control_is_dead(planned: Planned, record_property: Figure) -> None:
    node, began_us = planned.node, now_us()
    minute_us = 60 * SECOND
    flip_us = (now_us() + 20 * SECOND + minute_us - 1) // minute_us * minute_us  # the begin of a minute, far enough ahead
    local = datetime.fromtimestamp(flip_us / SECOND, ZONE)
    start = local.hour * 60 + local.minute
    rows: dict[str, Any] = {day: [] for day in DAYS}
    rows[DAYS[local.weekday()]] = [{"from_min": start, "to_min": min(1440, start + 1)}]
    camera = planned.camera(4, planned.plan("One minute", {"mode": "week", "week": rows}))
    planned.wait_pulled(camera)
    assert not node.camera(camera)["recording"]
    _dead_across(node, flip_us)
    _dead_across(node, flip_us + minute_us)
    wait_until("the API", lambda: _answers(node), 30)
    pass_time(4)
    ((first_us, last_us, kind),) = planned.recorded(camera, began_us, now_us())
    record_property("begin_behind_ms", (first_us - flip_us) // 1000)
    record_property("end_behind_ms", (last_us - flip_us - minute_us) // 1000)
    assert kind == "schedule"
    assert 0 <= first_us - flip_us <= GOP_US
    assert 0 <= last_us - (flip_us + minute_us) <= GOP_US
    assert set(exact(planned, camera, began_us)) <= {"schedule", "not_registered"}
    found = tally(planned.marks(camera, "main"))
    assert (found.missing, found.doubled) == (0, 0), found


def _dead_across(node: Node, flip_us: int) -> None:
    """Control is killed whenever it comes back, from three seconds before the flip until three behind it."""
    pass_time(max(0.0, (flip_us - now_us()) / SECOND - 3))
    while now_us() < flip_us + 3 * SECOND:
        with suppress(AssertionError, ProcessLookupError):
            os.kill(node.pid_of("control"), signal.SIGKILL)
        pass_time(0.1)
