"""Routes of the node itself, sessions' /me, and regions."""

from __future__ import annotations

from prometheus_client import Gauge

from tests.api.fakes import BEARER, FakeNode
from vms.api.context import Check
from vms.owner.registration import (
    UNSET,
    CreateRegion,
    DeleteRegion,
    GetRegion,
    ListRegions,
    RegionPage,
    RegionView,
    UpdateRegion,
)


def test_the_node_is_ready_when_every_check_is() -> None:
    node = FakeNode()
    assert node.client.get("/healthz").json() == {"ok": True}
    assert node.client.get("/readyz").json() == {"ready": True, "checks": [{"name": "database", "ok": True, "detail": ""}]}
    node.checks.append(Check("volume v1", False, "read-only"))
    answer = node.client.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    assert answer.json()["checks"][1] == {"name": "volume v1", "ok": False, "detail": "read-only"}


def test_metrics_are_told_in_the_exposition_format() -> None:
    node = FakeNode()
    Gauge("vms_cameras_online", "Cameras online.", registry=node.context.metrics).set(3)
    answer = node.client.get("/metrics", headers=BEARER)
    assert answer.headers["content-type"].startswith("text/plain")
    assert "vms_cameras_online 3.0" in answer.text


def test_the_system_is_told_under_the_contracts_names() -> None:
    answer = FakeNode().client.get("/api/v1/system", headers=BEARER).json()
    assert answer == {
        "node": {"id": "n1", "level": "station", "name": "Elm Street"},
        "epoch": 1,
        "version": "0.1.0",
        "time": "2026-05-01T12:00:00.000000Z",
        "time_zone": "America/New_York",
        "processes": [{"role": "worker", "pid": 42, "started_at": "2026-05-01T12:00:00.000000Z", "cameras": 16}],
        "volumes": [
            {
                "id": "v1",
                "path": "/srv/v1",
                "free_bytes": 1 << 40,
                "state": "ok",
                "detail": "",
                "total_bytes": 0,
                "retired": False,
                "days_left": None,
                "disk": None,
            }
        ],
        "clock": {"synced": True, "offset_us": -120},
        "counts": {"online": 15, "recording": 14, "viewers": 2},
        "decoder": {
            "state": "ready",
            "library": "libavcodec 62.28.102",
            "walls": [{"name": "files", "stands": True, "detail": ""}, {"name": "calls", "stands": False, "detail": "no seccomp"}],
            "ends": {"crash": 1},
        },
    }


def test_nodes_and_me() -> None:
    client = FakeNode().client
    nodes = client.get("/api/v1/nodes", headers=BEARER).json()
    assert nodes["items"][0]["link"] == "up"
    assert nodes["items"][0]["last_sync_at"] is None
    assert client.get("/api/v1/me", headers=BEARER).json() == {
        "id": "t1",
        "name": "integration",
        "kind": "token",
        "rights": ["list"],
    }


def test_answers_are_not_kept_nor_sniffed() -> None:
    headers = FakeNode().client.get("/healthz").headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


def test_regions_are_translated_both_ways() -> None:
    node = FakeNode()
    view = RegionView("r1", "East", "district", None)
    node.owner.answers = {
        CreateRegion: view,
        UpdateRegion: view,
        GetRegion: view,
        DeleteRegion: None,
        ListRegions: RegionPage((view,), None),
    }
    client = node.client
    made = client.post("/api/v1/regions", json={"name": "East", "level": "district"}, headers=BEARER)
    assert (made.status_code, made.headers["location"]) == (201, "/api/v1/regions/r1")
    assert made.json() == {"id": "r1", "name": "East", "level": "district", "parent_id": None}
    assert client.get("/api/v1/regions", headers=BEARER).json()["items"] == [made.json()]
    assert client.get("/api/v1/regions/r1", headers=BEARER).json() == made.json()
    client.patch("/api/v1/regions/r1", json={"parent_id": None}, headers=BEARER)
    assert node.owner.last == UpdateRegion("r1", name=UNSET, parent_id=None)
    assert client.delete("/api/v1/regions/r1", headers=BEARER).status_code == 204
    assert client.post("/api/v1/regions", json={"name": "x", "level": "street"}, headers=BEARER).status_code == 422
