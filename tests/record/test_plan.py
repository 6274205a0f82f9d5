"""Orders say what to record and since when nothing was; the outbox keeps what is not acknowledged."""

from __future__ import annotations

from tests.record.reports import report
from vms.record.causes import end_reason, gap_cause
from vms.record.outbox import Outbox
from vms.record.plan import orders_for, resume_of
from vms.record.reports import GapBefore


def test_a_camera_never_recorded_waits_since_it_was_registered() -> None:
    order = orders_for("always", "main", created_us=5, last_end_us=None, why="unreachable")
    assert order.resume == GapBefore(5, "camera_offline")
    assert resume_of(order.message()["resume"]) == order.resume


def test_a_camera_recorded_before_goes_on_from_its_last_frame() -> None:
    assert orders_for("always", "main", created_us=5, last_end_us=9, why="worker_crash").resume == GapBefore(9, "worker_crash")


def test_sub_streams_and_mode_never_are_not_recorded() -> None:
    assert not orders_for("always", "sub", created_us=5, last_end_us=None, why=None).record
    assert orders_for("never", "main", created_us=5, last_end_us=None, why=None).message() == {"record": False, "resume": None}


def test_a_damaged_resume_is_none() -> None:
    damaged: list[object] = [None, "", {}, {"end_us": "x"}, {"end_us": -1}]
    assert [resume_of(message) for message in damaged] == [None] * 5


def test_causes_of_a_camera_become_causes_of_a_gap() -> None:
    assert [gap_cause(c) for c in ("auth", "timeout", "stalled", "stop", None, "nonsense")] == [
        "auth",
        "camera_offline",
        "network",
        "operator_stop",
        "unknown",
        "unknown",
    ]
    assert (end_reason("stop"), end_reason("schedule"), end_reason("timeout")) == ("stop", "stop", "offline")


def test_the_outbox_tells_again_until_acknowledged_and_is_bounded() -> None:
    outbox = Outbox(max_reports=2)
    for start in (0, 60, 120):
        outbox.add(report(start, start + 60))
    assert [r.path for r in outbox.waiting()] == [report(60, 120).path, report(120, 180).path]
    assert outbox.forgotten == 1
    outbox.acknowledge([report(60, 120).path, "unknown"])
    assert [r.path for r in outbox.waiting()] == [report(120, 180).path]
