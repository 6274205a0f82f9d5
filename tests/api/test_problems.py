"""Every failure leaves as a problem that says its kind and never a secret."""

from __future__ import annotations

import pytest

from tests.api.fakes import BEARER, FakeNode
from vms.api.node import PAGES
from vms.api.openapi import COMMITTED
from vms.api.rules import RULES
from vms.base.errors import Kind, VmsError
from vms.owner.registration import GetCamera


def test_every_kind_has_its_line() -> None:
    assert set(RULES) == set(Kind)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_kind_becomes_its_problem(kind: Kind) -> None:
    node = FakeNode()
    node.owner.answers[GetCamera] = VmsError(kind, "say why", camera="c1", bytes=7)
    answer = node.client.get("/api/v1/cameras/c1", headers={**BEARER, "X-Request-Id": "r-1"})
    rule = RULES[kind]
    assert answer.status_code == rule.status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": f"/problems/{kind}",
        "title": rule.title,
        "status": rule.status,
        "code": kind,
        "detail": "say why",
        "params": {"camera": "c1", "bytes": 7},
        "request_id": "r-1",
    }


def test_the_type_leads_to_a_page() -> None:
    client = FakeNode().client
    for code in [*Kind, "internal"]:
        assert client.get(f"/problems/{code}").status_code == 200
    assert client.get("/problems/<script>").status_code == 404


def test_a_wrong_shape_names_the_field_and_hides_the_value() -> None:
    body = {"name": "gate", "password": ["geheim"], "profiles": [{"name": "main", "url": 5}]}
    answer = FakeNode().client.post("/api/v1/cameras", json=body, headers=BEARER)
    assert answer.status_code == 422
    assert answer.json()["code"] == "bad_request"
    assert {e["field"] for e in answer.json()["params"]["errors"]} == {"body.password", "body.profiles.0.url"}
    assert "geheim" not in answer.text


def test_unknown_fields_and_broken_json_are_refused() -> None:
    client = FakeNode().client
    body = {"name": "gate", "profiles": [{"name": "main", "url": "rtsp://h/"}], "recrod": "never"}
    assert client.post("/api/v1/cameras", json=body, headers=BEARER).json()["params"]["field"] == "body.recrod"
    broken = client.post("/api/v1/cameras", content=b"{", headers={**BEARER, "Content-Type": "application/json"})
    assert (broken.status_code, broken.json()["code"]) == (422, "bad_request")


def test_routes_that_do_not_exist_are_problems_too() -> None:
    client = FakeNode().client
    assert client.get("/api/v1/nothing").json()["code"] == "not_found"
    wrong_method = client.put("/api/v1/cameras", headers=BEARER)
    assert (wrong_method.status_code, wrong_method.json()["code"]) == (405, "bad_request")


def test_a_body_over_the_limit_is_refused_announced_or_not() -> None:
    client = FakeNode().client
    chunked = client.post("/api/v1/cameras", content=iter([b" " * 600_000] * 2), headers={**BEARER, "Content-Type": "application/json"})
    assert (chunked.status_code, chunked.json()["code"]) == (413, "too_large")
    answer = client.post("/api/v1/cameras", content=b" " * (1024 * 1024 + 1), headers={**BEARER, "Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_fault_of_the_program_tells_only_its_request_id() -> None:
    node = FakeNode()
    node.owner.answers[GetCamera] = ValueError("geheim")
    answer = node.client.get("/api/v1/cameras/c1", headers=BEARER)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert answer.json()["request_id"]
    assert "geheim" not in answer.text


def test_a_request_id_that_could_hurt_a_log_is_replaced() -> None:
    answer = FakeNode().client.get("/healthz", headers={"X-Request-Id": "a b\tc"})
    assert len(answer.headers["x-request-id"]) == 32


def test_every_problem_stands_in_the_reference() -> None:
    text = (COMMITTED.parent / "api.md").read_text("utf-8")
    for code, rule in PAGES.items():
        assert f"| `{code}` | {rule.status} | {rule.title} |" in text
