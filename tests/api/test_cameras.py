"""Routes of cameras: bodies become requests, views become bodies."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.fakes import BEARER, CAMERA_ID, FakeNode, make_camera
from vms.owner.registration import (
    UNSET,
    CameraPage,
    CreateCamera,
    CreateCameras,
    DeleteCamera,
    GetCamera,
    ListCameras,
    ProbeCamera,
    ProbedTrack,
    ProbeResult,
    ProfileSpec,
    UpdateCamera,
)

BODY: dict[str, Any] = {"name": "North gate", "profiles": [{"name": "main", "url": "rtsp://192.0.2.7/1"}]}


def test_a_body_becomes_a_request_and_the_view_a_camera() -> None:
    node = FakeNode()
    node.owner.answers[CreateCamera] = make_camera()
    headers = {**BEARER, "Idempotency-Key": "k1"}
    answer = node.client.post("/api/v1/cameras", json={**BODY, "username": "admin", "password": "w"}, headers=headers)
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/v1/cameras/{CAMERA_ID}"
    assert node.owner.last == CreateCamera(
        name="North gate",
        profiles=(ProfileSpec("main", "rtsp://192.0.2.7/1", "auto"),),
        username="admin",
        password="w",
        idempotency_key="k1",
    )
    camera = answer.json()
    assert camera["state"] == "connecting"
    assert camera["since"] is None
    assert camera["last_frame_at"] == "2026-05-01T12:00:00.500000Z"
    assert camera["profiles"][0]["codec"] == "h264"
    assert "password" not in camera and "revision" not in camera


def test_a_batch_is_one_request_and_answers_in_its_order() -> None:
    node = FakeNode()
    node.owner.answers[CreateCameras] = (make_camera(), make_camera(name="South gate"))
    answer = node.client.post("/api/v1/cameras/batch", json={"items": [BODY, {**BODY, "name": "South gate"}]}, headers=BEARER)
    assert answer.status_code == 201
    assert [camera["name"] for camera in answer.json()["items"]][1] == "South gate"
    assert [camera.name for camera in node.owner.last.cameras] == ["North gate", "South gate"]
    for count in (0, 501):
        assert node.client.post("/api/v1/cameras/batch", json={"items": [BODY] * count}, headers=BEARER).status_code == 422


def test_get_answers_the_etag_that_patch_takes() -> None:
    node = FakeNode()
    node.owner.answers[GetCamera] = node.owner.answers[UpdateCamera] = make_camera(revision=7)
    etag = node.client.get(f"/api/v1/cameras/{CAMERA_ID}", headers=BEARER).headers["etag"]
    answer = node.client.patch(
        f"/api/v1/cameras/{CAMERA_ID}", json={"name": "South gate", "code": None}, headers={**BEARER, "If-Match": etag}
    )
    assert answer.status_code == 200
    request = node.owner.last
    assert (request.revision, request.name, request.code) == (7, "South gate", None)
    assert (request.profiles, request.username, request.record, request.enabled) == (UNSET, UNSET, UNSET, UNSET)


@pytest.mark.parametrize("etag", ['W/"r7"', '"7"', "r7", '"r7", "r8"'])
def test_an_etag_never_given_out_matches_nothing(etag: str) -> None:
    headers = {**BEARER, "If-Match": etag}
    answer = FakeNode().client.patch(f"/api/v1/cameras/{CAMERA_ID}", json={"name": "x"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition")


def test_a_null_where_none_may_be_is_refused() -> None:
    client = FakeNode().client
    for field in ("name", "profiles", "record", "enabled"):
        assert client.patch("/api/v1/cameras/c1", json={field: None}, headers=BEARER).status_code == 422


def test_delete_answers_nothing() -> None:
    node = FakeNode()
    node.owner.answers[DeleteCamera] = None
    answer = node.client.delete("/api/v1/cameras/c1", headers=BEARER)
    assert (answer.status_code, answer.content) == (204, b"")
    assert node.owner.last == DeleteCamera("c1")


def test_a_list_passes_filters_on_and_pages() -> None:
    node = FakeNode()
    node.owner.answers[ListCameras] = CameraPage((make_camera(),), "abc")
    answer = node.client.get("/api/v1/cameras?state=online&q=gate&region_id=r1&cursor=c&limit=500", headers=BEARER)
    assert node.owner.last == ListCameras("online", "gate", "r1", "c", 500)
    assert (len(answer.json()["items"]), answer.json()["next"]) == (1, "abc")


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "state=sleeping", "q=" + "x" * 101])
def test_a_list_refuses_what_it_cannot_take(query: str) -> None:
    assert FakeNode().client.get(f"/api/v1/cameras?{query}", headers=BEARER).status_code == 422


def test_a_probe_answers_tracks_or_a_cause() -> None:
    node = FakeNode()
    track = ProbedTrack("video", "h265", "hvc1", 2560, 1440, 25.0)
    node.owner.answers[ProbeCamera] = ProbeResult(True, None, None, (track,), 320)
    answer = node.client.post("/api/v1/probe", json={"url": "rtsp://192.0.2.7/1"}, headers=BEARER)
    assert answer.json()["tracks"] == [{"kind": "video", "codec": "h265", "mime": "hvc1", "width": 2560, "height": 1440, "fps": 25.0}]
    node.owner.answers[ProbeCamera] = ProbeResult(False, "auth", "the camera refuses user or password")
    answer = node.client.post("/api/v1/probe", json={"url": "rtsp://192.0.2.7/1"}, headers=BEARER)
    assert (answer.status_code, answer.json()["ok"], answer.json()["cause"]) == (200, False, "auth")
