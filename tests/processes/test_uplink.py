"""What a worker owes control is told to every new control, in order, until it is acknowledged."""

from __future__ import annotations

from tests.record.reports import CAMERA, T0_US, report
from tests.stream.links import FakeLink
from vms.ingest.orders import CameraState
from vms.processes.worker.uplink import Uplink
from vms.record.reports import Trouble, tail_of, whole_of

HELLO = {"op": "hello", "worker": 0}


def uplink(retold: list[str] | None = None) -> Uplink:
    return Uplink(HELLO, lambda: (retold if retold is not None else []).append("retell"))


def test_a_new_control_is_told_everything_once_and_in_order() -> None:
    retold: list[str] = []
    owed = uplink(retold)
    owed.state(CameraState(CAMERA, "main", "connecting"))
    owed.state(CameraState(CAMERA, "main", "online"))
    owed.reports([Trouble(CAMERA, "main", T0_US, "disk_full", ""), report(0, 60), report(60, 120)])
    for _ in range(2):
        link = FakeLink()
        owed.attach(link)
        assert link.ops() == ["hello", "state", "trouble", "segment", "segment"]
        assert link.messages[1][1]["state"] == "online"
        assert [m["start_us"] for _, m in link.messages if m["op"] == "segment"] == [report(0, 60).start_us, report(60, 120).start_us]
    assert retold == ["retell", "retell"]


def test_what_is_acknowledged_is_owed_no_more() -> None:
    owed = uplink()
    owed.reports([report(0, 60), report(60, 120)])
    owed.acknowledge([report(0, 60).path])
    assert owed.unacknowledged == 1
    link = FakeLink()
    owed.attach(link)
    assert [m["path"] for _, m in link.messages if m["op"] == "segment"] == [report(60, 120).path]


def test_reports_go_to_the_newest_control_only_and_an_old_one_that_ends_changes_nothing() -> None:
    owed, old, new = uplink(), FakeLink(), FakeLink()
    owed.attach(old)
    owed.attach(new)
    owed.detach(old)
    owed.reports([report(0, 60)])
    assert old.ops() == ["hello"]
    assert new.ops() == ["hello", "segment"]


def test_a_growing_segment_ends_the_trouble_and_is_sent_together_with_others() -> None:
    owed, link = uplink(), FakeLink()
    owed.attach(link)
    owed.reports([Trouble(CAMERA, "main", T0_US, "disk_full", "")])
    growing = whole_of(report(0, 10))
    owed.reports([growing, tail_of(report(0, 10), 1)])
    assert link.ops() == ["hello", "trouble", "open"]
    told = link.messages[-1][1]
    assert (len(told["items"]), len(told["grown"])) == (1, 1)
    again = FakeLink()
    owed.attach(again)
    assert again.ops() == ["hello"]


def test_what_is_no_longer_pulled_is_forgotten() -> None:
    owed, link = uplink(), FakeLink()
    for profile in ("main", "sub"):
        owed.state(CameraState(CAMERA, profile, "online"))
    owed.reports([Trouble(CAMERA, "main", T0_US, "io_error", "")])
    owed.keep({(CAMERA, "sub")})
    owed.attach(link)
    assert [m.get("profile") for _, m in link.messages] == [None, "sub"]
    owed.forget((CAMERA, "sub"))
    owed.attach(link)
    assert link.ops()[-1] == "hello"
