"""Routes of completeness: figures under the contract's names, documents as downloads."""

from __future__ import annotations

import pytest

from tests.api.fakes import BEARER, CAMERA_ID, NOON_US, FakeNode
from vms.owner.completeness import (
    CameraCompleteness,
    CameraDays,
    CompletenessPage,
    CompletenessStatement,
    DayView,
    Document,
    Figures,
    ListCompleteness,
    RefreshAnswer,
    RefreshCompleteness,
)

HOUR_US = 3_600_000_000
FIGURES = Figures(24 * HOUR_US, 20 * HOUR_US, 19 * HOUR_US, 5, 7, {"network": HOUR_US}, 950_000)
NOTHING = Figures(24 * HOUR_US, 0, 0, 0, 0, {}, None)
CAMERA = CameraDays(CAMERA_ID, "main", "North gate", None, "r1", FIGURES, (DayView("2026-05-01", NOON_US, NOON_US + 1, FIGURES),))
DAYS = "from=2026-05-01&to=2026-05-31"


def test_a_page_tells_figures_days_the_total_and_the_job() -> None:
    node = FakeNode()
    node.owner.answers[ListCompleteness] = CompletenessPage("2026-05-01", "2026-05-31", 700, NOTHING, (CAMERA,), "more", 3, 4)
    answer = node.client.get(f"/api/v1/completeness?{DAYS}&region_id=r1&cause=network&order=name&cursor=c&limit=7", headers=BEARER)
    assert node.owner.last == ListCompleteness("2026-05-01", "2026-05-31", "r1", "network", "name", "c", 7)
    body = answer.json()
    assert (body["cameras"], body["next"], body["job"]) == (700, "more", {"done": 3, "waiting": 4})
    assert body["total"]["rate"] is None
    item = body["items"][0]
    assert (item["camera_id"], item["rate"], item["gaps"]) == (CAMERA_ID, 0.95, {"network": HOUR_US})
    assert item["days"] == [
        {
            "day": "2026-05-01",
            "start": "2026-05-01T12:00:00.000000Z",
            "read_at": "2026-05-01T12:00:00.000001Z",
            "told_us": 24 * HOUR_US,
            "planned_us": 20 * HOUR_US,
            "recorded_us": 19 * HOUR_US,
            "joined_us": 5,
            "damaged_us": 7,
            "gaps": {"network": HOUR_US},
            "rate": 0.95,
        }
    ]


def test_one_camera_is_asked_for_by_id_or_code() -> None:
    node = FakeNode()
    node.owner.answers[CameraCompleteness] = CAMERA
    answer = node.client.get(f"/api/v1/cameras/c1/completeness?{DAYS}", headers=BEARER)
    assert node.owner.last == CameraCompleteness("c1", "main", "2026-05-01", "2026-05-31")
    assert answer.json()["name"] == "North gate"


def test_a_refresh_says_how_much_waits() -> None:
    node = FakeNode()
    node.owner.answers[RefreshCompleteness] = RefreshAnswer(12)
    body = {"from_day": "2026-05-01", "to_day": "2026-05-02"}
    answer = node.client.post("/api/v1/completeness/refresh", json=body, headers=BEARER)
    assert (answer.status_code, answer.json()) == (202, {"waiting": 12})
    assert node.owner.last == RefreshCompleteness("2026-05-01", "2026-05-02")


@pytest.mark.parametrize("form", ["zip", "csv", "html"])
def test_a_statement_is_a_download_that_a_browser_does_not_run(form: str) -> None:
    node = FakeNode()
    node.owner.answers[CompletenessStatement] = Document(f"completeness.{form}", "text/html", b"bytes")
    answer = node.client.get(f"/api/v1/completeness/statement?{DAYS}&format={form}&language=en", headers=BEARER)
    assert (node.owner.last.from_day, node.owner.last.format, node.owner.last.language) == ("2026-05-01", form, "en")
    assert answer.content == b"bytes"
    assert answer.headers["content-disposition"] == f'attachment; filename="completeness.{form}"'
    assert ("sandbox" in answer.headers.get("content-security-policy", "")) == (form == "html")


@pytest.mark.parametrize("days", ["from=2026-05-01", "from=1&to=2", "from=2026-05-01T00:00&to=2026-05-02"])
def test_days_that_are_none_are_refused(days: str) -> None:
    assert FakeNode().client.get(f"/api/v1/completeness?{days}", headers=BEARER).status_code == 422
