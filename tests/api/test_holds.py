"""Routes of holds and storage: times in and out, refusals, and what the owner is asked."""

from __future__ import annotations

from tests.api.fakes import BEARER, CAMERA_ID, NOON_US, FakeNode
from vms.base.errors import Kind, VmsError
from vms.base.timespan import format_time
from vms.owner import holds as requests
from vms.owner.holds import HoldView, Person
from vms.owner.requests import GapSpan
from vms.owner.storage import Deletion, DeletionPage, ListDeletions, Rule, SetRule

NOON = format_time(NOON_US)
ONE = format_time(NOON_US + 3_600_000_000)
BODY = {"cameras": [CAMERA_ID], "from": NOON, "to": ONE, "case_no": "A1", "doc_no": "D1", "reason": "theft", "expires_at": ONE}


def view(**gone: tuple[tuple[str, GapSpan], ...]) -> HoldView:
    return HoldView(
        id="h1",
        state="requested",
        cameras=(CAMERA_ID,),
        from_us=NOON_US,
        to_us=NOON_US + 3_600_000_000,
        case_no="A1",
        doc_no="D1",
        reason="theft",
        expires_us=NOON_US,
        requested=Person("a1", "officer", NOON_US),
        decided=None,
        extension=None,
        extension_us=None,
        release=None,
        release_doc_no=None,
        release_reason=None,
        released=None,
        note="",
        protects=True,
        protects_until_us=None,
        decide_before_us=NOON_US + 1,
        gone=gone.get("gone", ()),
    )


def test_a_hold_is_asked_for_and_tells_what_was_gone_before_it() -> None:
    node = FakeNode()
    node.owner.answers[requests.Hold] = view(gone=((CAMERA_ID, GapSpan(NOON_US, NOON_US + 5, "deleted", "days")),))
    answer = node.client.post("/api/v1/holds", headers=BEARER, json=BODY)
    assert (answer.status_code, answer.headers["Location"]) == (201, "/api/v1/holds/h1")
    asked = requests.Hold((CAMERA_ID,), NOON_US, NOON_US + 3_600_000_000, "A1", "D1", "theft", NOON_US + 3_600_000_000)
    assert node.owner.last == asked
    said = answer.json()
    assert (said["from"], said["protects_until"], said["requested"]["name"]) == (NOON, None, "officer")
    assert said["gone"] == [{"camera": CAMERA_ID, "from": NOON, "to": format_time(NOON_US + 5)}]


def test_the_same_person_is_refused_with_the_rule_by_name() -> None:
    node = FakeNode()
    node.owner.answers[requests.ApproveHold] = VmsError(Kind.FORBIDDEN, "another person must approve it", rule="two_persons")
    answer = node.client.post("/api/v1/holds/h1/approve", headers=BEARER)
    assert (answer.status_code, answer.json()["params"]) == (403, {"rule": "two_persons"})


def test_each_act_on_a_hold_is_its_own_request() -> None:
    acts: dict[str, tuple[dict[str, str] | None, requests.HoldRequest]] = {
        "reject": ({"note": "n"}, requests.RejectHold("h1", "n")),
        "extension": ({"expires_at": NOON}, requests.ExtendHold("h1", NOON_US)),
        "extension/approve": (None, requests.ApproveExtension("h1")),
        "release": ({"doc_no": "D2", "reason": "r"}, requests.RequestRelease("h1", "D2", "r")),
        "release/approve": (None, requests.Release("h1")),
        "release/refuse": ({"note": "n"}, requests.RefuseRelease("h1", "n")),
    }
    for path, (body, request) in acts.items():
        node = FakeNode()
        node.owner.answers[type(request)] = view()
        assert node.client.post(f"/api/v1/holds/h1/{path}", headers=BEARER, json=body).status_code == 200
        assert node.owner.last == request


def test_a_rule_is_set_and_deletions_are_told() -> None:
    node = FakeNode()
    node.owner.answers[SetRule] = Rule("camera", CAMERA_ID, 30, None, "a1", NOON_US)
    answer = node.client.put(f"/api/v1/storage/rules/camera/{CAMERA_ID}", headers=BEARER, json={"days": 30})
    assert answer.json()["changed_at"] == NOON
    assert node.owner.last == SetRule("camera", CAMERA_ID, 30, None)
    gone = Deletion("t1", CAMERA_ID, "main", "v1", NOON_US, NOON_US + 5, 1, 10, "days", None, "node:1", NOON_US)
    node.owner.answers[ListDeletions] = DeletionPage((gone,), "t1")
    told = node.client.get("/api/v1/storage/deletions?limit=1", headers=BEARER).json()
    assert (told["items"][0]["rule"], told["items"][0]["from"], told["next"]) == ("days", NOON, "t1")
    assert node.client.get("/api/v1/storage/deletions?limit=501", headers=BEARER).status_code == 422
