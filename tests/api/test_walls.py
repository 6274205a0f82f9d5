"""Routes of saved views: bodies become requests, views become bodies."""

from __future__ import annotations

from tests.api.fakes import BEARER, CAMERA_ID, NOON_US, FakeNode
from vms.owner.walls import DeleteWallView, GetWallView, ListWallViews, SaveWallView, UpdateWallView, WallViewAnswer

VIEW = WallViewAnswer("v1", "Gates", 4, (CAMERA_ID, None), None, True, False, False, "Li", 3, NOON_US)


def test_a_body_becomes_a_view_and_the_view_its_answer() -> None:
    node = FakeNode()
    node.owner.answers[SaveWallView] = VIEW
    answer = node.client.post("/api/v1/wall-views", json={"name": "Gates", "layout": 4, "cameras": [CAMERA_ID, None]}, headers=BEARER)
    assert (answer.status_code, answer.headers["location"], answer.headers["etag"]) == (201, "/api/v1/wall-views/v1", '"r3"')
    assert node.owner.last == SaveWallView("Gates", 4, (CAMERA_ID, None))
    assert (answer.json()["cameras"], answer.json()["mine"], answer.json()["owner_name"]) == ([CAMERA_ID, None], False, "Li")


def test_a_patch_says_only_what_is_given() -> None:
    node = FakeNode()
    node.owner.answers[UpdateWallView] = VIEW
    node.client.patch("/api/v1/wall-views/v1", json={"dwell_s": None, "cameras": [CAMERA_ID]}, headers={**BEARER, "If-Match": '"r3"'})
    assert node.owner.last == UpdateWallView("v1", 3, cameras=(CAMERA_ID,), dwell_s=None)
    node.client.patch("/api/v1/wall-views/v1", json={"shared": True}, headers=BEARER)
    assert node.owner.last == UpdateWallView("v1", None, shared=True)
    assert node.client.patch("/api/v1/wall-views/v1", json={}, headers={**BEARER, "If-Match": "r3"}).status_code == 412


def test_views_are_listed_read_and_removed() -> None:
    node = FakeNode()
    node.owner.answers |= {ListWallViews: (VIEW,), GetWallView: VIEW, DeleteWallView: None}
    listed = node.client.get("/api/v1/wall-views", headers=BEARER).json()
    assert ([view["id"] for view in listed["items"]], listed["next"]) == (["v1"], None)
    assert node.client.get("/api/v1/wall-views/v1", headers=BEARER).json()["name"] == "Gates"
    assert node.client.delete("/api/v1/wall-views/v1", headers=BEARER).status_code == 204
    assert node.owner.last == DeleteWallView("v1")


def test_a_body_that_is_too_much_is_refused_before_anybody_is_asked() -> None:
    node = FakeNode()
    body = {"name": "x", "layout": 1, "cameras": [CAMERA_ID] * 201}
    answer = node.client.post("/api/v1/wall-views", json=body, headers=BEARER)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")
    assert node.owner.asked == []
