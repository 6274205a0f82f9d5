"""snapshot.jpg: one decoding for all askers, tags of the picture's time, nothing old shown as now, one clear error each."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import pytest

from tests.api.front.front import API, NOW_US, Edge
from tests.playback.recorded import CAMERA
from vms.base.errors import Kind, VmsError
from vms.base.timespan import format_time
from vms.owner.requests import Extent, Snapshot, SnapshotAt
from vms.playback.source import read_gop, read_inits
from vms.stream.stream import Begin

URL = API + "/snapshot.jpg"


def show(edge: Edge, extent: Extent, gop: int = 0, *, age_us: int = 0) -> None:
    """The camera sends one GOP of a recording, as if it ended `age_us` ago."""
    stream = edge.worker.watch(CAMERA, "main").stream
    chunks = read_gop(extent, extent.gops[gop]).chunks
    shift_us = NOW_US - age_us - chunks[-1].wall_us
    stream.start(Begin("run", read_inits(extent), 0), 0)
    for chunk in chunks:
        stream.publish(chunk._replace(wall_us=chunk.wall_us + shift_us), 0)


def test_everybody_gets_the_one_picture_of_a_group(day: tuple[Extent, ...]) -> None:
    edge = Edge(day)
    show(edge, day[0])
    with edge.client() as client:
        answers = [client.get(URL) for _ in range(3)]
        small = client.get(URL, params={"width": 320})
        assert {answer.content for answer in answers} == {b"jpeg 1"} and small.content == b"jpeg 2"
        assert [job.width for _, job in edge.decoder.jobs] == [0, 320]
        headers = answers[0].headers
        taken_us = int(headers["etag"].strip('"').partition("-")[0])
        assert headers["picture-time"] == format_time(taken_us)
        assert parsedate_to_datetime(headers["last-modified"]).timestamp() == taken_us // 1_000_000
        assert headers["cache-control"] == "no-store"
        unchanged = client.get(URL, headers={"If-None-Match": headers["etag"]})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        show(edge, day[0], 1, age_us=40_000)
        assert client.get(URL, headers={"If-None-Match": headers["etag"]}).content == b"jpeg 3"
        assert edge.asking.asked == [Snapshot(CAMERA, "main")] * 6


def test_a_moment_of_the_past_is_the_key_frame_that_it_belongs_to(day: tuple[Extent, ...]) -> None:
    edge = Edge(day)
    gop = day[0].gops[1]
    with edge.client() as client:
        for at_us in (gop[2], gop[2] + gop[3] - 1):
            answer = client.get(URL, params={"at": at_us})
            assert (answer.status_code, answer.headers["picture-time"]) == (200, format_time(gop[2]))
        assert len(edge.decoder.jobs) == 1
        assert edge.asking.asked[0] == SnapshotAt(CAMERA, "main", gop[2], gop[2] + 1, 1)
        hole = client.get(URL, params={"at": day[-1].start_us - 60_000_000})
        assert (hole.status_code, hole.json()["code"]) == (404, "no_recording")


def test_a_picture_that_is_not_of_now_is_not_shown_as_now(day: tuple[Extent, ...]) -> None:
    edge = Edge(day)
    show(edge, day[0], age_us=11_000_000)
    with edge.client() as client:
        silent = client.get(URL)
        assert (silent.status_code, silent.json()["code"]) == (502, "stalled")
    assert edge.decoder.jobs == []


def test_the_decoders_pause_is_told_in_seconds(day: tuple[Extent, ...]) -> None:
    edge = Edge(day)
    show(edge, day[0])
    edge.decoder.failure = VmsError(Kind.UNAVAILABLE, "starting again", retry_after_s=4)
    with edge.client() as client:
        answer = client.get(URL)
        assert (answer.status_code, answer.headers["retry-after"], answer.json()["code"]) == (503, "4", "unavailable")
        edge.decoder.failure = None
        assert client.get(URL).status_code == 200


@pytest.mark.parametrize("query", ["width=15", "width=7681", "width=-320", "width=3e2", "width=٣٢٠", "at=soon", "at=-1", "profile=third"])
def test_what_makes_no_sense_is_refused(day: tuple[Extent, ...], query: str) -> None:
    edge = Edge(day)
    with edge.client() as client:
        assert client.get(f"{URL}?{query}").status_code == 400
    assert edge.decoder.jobs == [] and edge.asking.asked == []


def test_a_refusal_of_control_is_the_answer(day: tuple[Extent, ...]) -> None:
    edge = Edge(day)
    assert edge.client(signed_in=False).get(URL).status_code == 401
    edge.asking.refusal = VmsError(Kind.UNREACHABLE, "this camera is offline", cause="unreachable")
    answer = edge.client().get(URL)
    assert (answer.status_code, answer.json()["params"]) == (502, {"cause": "unreachable"})
