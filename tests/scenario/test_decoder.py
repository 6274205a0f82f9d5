"""Snapshots of a served node, and hostile code in its real decode child: contained, logged, pictures again within two seconds."""

from __future__ import annotations

import email.utils
import re
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path
from statistics import median

import httpx2
import pytest

from tests.decode.children import code_of
from tests.faults.hostile import WIDTHS
from tests.support.node import API, Node, now_us, serve, sim_cameras
from tests.support.wait import wait_until
from vms.base.timespan import format_time, parse_time
from vms.decode.client import JOB_S

pytestmark = [pytest.mark.scenario, pytest.mark.long, pytest.mark.timeout(120)]

SECOND = 1_000_000
ACTS = ("crash", "take_10_gb", "read_the_data_folder", "connect_to_postgresql", "connect_to_the_network", "never_answer")
CAUSES = {"crash": "crash", "take_10_gb": None, "never_answer": "time"}
BACK_S = 2.0


@pytest.fixture(scope="module")
def taken() -> Generator[tuple[Node, list[str]]]:
    """A node whose child runs what it is told, and a camera for each act."""
    with (
        tempfile.TemporaryDirectory(prefix="vms-") as top,
        sim_cameras(Path(top), len(ACTS)) as base,
        serve(Path(top) / "node", module="tests.faults.hostile") as node,
    ):
        cameras = [node.add_camera(f"{base}/cam/{number}/sub") for number in range(1, len(ACTS) + 1)]
        node.wait_recording(cameras)
        yield node, cameras
        assert node.stop() == 0
        assert node.bad_log_lines() == []


def snapshot(node: Node, camera: str, **query: str | int) -> httpx2.Response:
    return node.http.get(f"{API}/cameras/{camera}/snapshot.jpg", params=query)


def test_a_snapshot_is_the_picture_of_now_and_of_any_recorded_moment(taken: tuple[Node, list[str]]) -> None:
    node, cameras = taken
    asked_us = now_us()  # a camera sends first what it has since its last key frame: that may be from before it was registered
    wait_until("a picture of now", lambda: parse_time(snapshot(node, cameras[0]).headers["picture-time"]) > asked_us, 10)
    answer = snapshot(node, cameras[0])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg"), answer.text
    taken_us = parse_time(answer.headers["picture-time"])
    assert asked_us < taken_us <= now_us()
    assert email.utils.parsedate_to_datetime(answer.headers["last-modified"]).timestamp() == taken_us // SECOND
    code = code_of(answer.content)
    assert code is not None and abs((taken_us / SECOND - code.second - 0.5 + 30) % 60 - 30) < 1.5
    small = snapshot(node, cameras[0], width=320)
    tag = snapshot(node, cameras[0], width=320).headers["etag"]
    again = node.http.get(f"{API}/cameras/{cameras[0]}/snapshot.jpg", params={"width": 320}, headers={"If-None-Match": tag})
    assert len(small.content) < len(answer.content) and again.status_code in (200, 304)
    past = _when_recorded(node, cameras[0], taken_us + 1)
    assert code_of(past.content) == code
    nothing = snapshot(node, cameras[0], at=taken_us - 3600 * SECOND)
    assert (nothing.status_code, nothing.json()["code"]) == (404, "no_recording")


def _when_recorded(node: Node, camera: str, at_us: int) -> httpx2.Response:
    """The picture of a moment, as soon as the timeline has it."""
    last: list[str] = []

    def look() -> httpx2.Response | None:
        answer = snapshot(node, camera, at=format_time(at_us))
        last[:] = [f"{answer.status_code} {answer.text[:300]}"] if answer.status_code != 200 else []
        return answer if answer.status_code == 200 else None

    try:
        return wait_until("the moment is on the timeline", look, 20)
    except AssertionError as late:
        told = node.timeline(camera, at_us - 5 * SECOND, at_us + 5 * SECOND)
        raise AssertionError(f"{late}; it was {last} at {at_us} in {told}") from None


def test_hostile_code_in_the_child_is_contained_logged_and_over_within_two_seconds(
    taken: tuple[Node, list[str]], record_property: Callable[[str, object], None]
) -> None:
    node, cameras = taken
    back_s: list[float] = []
    for camera, act in zip(cameras, ACTS, strict=True):
        wait_until("pictures", lambda camera=camera: snapshot(node, camera, width=160).status_code == 200, 10)
        before = node.get("/system")["decoder"]["ends"]
        struck = time.monotonic()
        answer = snapshot(node, camera, width=WIDTHS[act])
        if act == "never_answer":  # the time that it was given is none of the way back
            assert time.monotonic() - struck >= JOB_S
            struck += JOB_S
        cause = CAUSES.get(act, "forbidden_call")
        if cause is None:
            assert (answer.status_code, answer.json()["params"]["reason"][:11]) == (502, "MemoryError")
        else:
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1"), answer.text
        wait_until(f"a picture after {act}", lambda camera=camera: snapshot(node, camera, width=176).status_code == 200, 10)
        if cause is not None:
            back_s.append(time.monotonic() - struck)
            counted = wait_until(
                f"{act} is counted", lambda b=before, c=cause: node.get("/system")["decoder"]["ends"].get(c, 0) == b.get(c, 0) + 1, 5
            )
            assert counted
    record_property("back after, s", [round(seconds, 2) for seconds in back_s])
    assert median(back_s) <= BACK_S
    log = node.log.read_text()
    assert len(re.findall(r"the decoder ended", log)) == len(ACTS) - 1
    assert all(wall["stands"] for wall in node.get("/system")["decoder"]["walls"])
    assert not any("worker" in line or "control" in line for line in log.splitlines() if "child ended" in line)


def test_no_picture_of_a_camera_that_is_away_and_one_clear_error_each(taken: tuple[Node, list[str]]) -> None:
    node, _ = taken
    gone = node.add_camera("rtsp://127.0.0.1:1/nothing")
    node.wait_state(gone, "offline", "refused", 15)
    answer = snapshot(node, gone)
    assert (answer.status_code, answer.json()["code"]) == (502, "refused")
    for query in ({"width": 15}, {"width": "x"}, {"width": 7681}, {"at": "soon"}, {"profile": "third"}):
        assert snapshot(node, gone, **query).status_code == 400
    assert snapshot(node, "nobody").status_code == 404
    assert httpx2.get(f"{node.url}{API}/cameras/{gone}/snapshot.jpg", trust_env=False).status_code == 401
