"""Who may come in: every route asks for an actor, cookies need proof that the page was ours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.websockets import WebSocketDisconnect

from tests.api.fakes import BEARER, LOGIN, SESSION, FakeNode
from vms.api.access import actor_of, socket_actor
from vms.base.errors import Kind, VmsError
from vms.owner.registration import DeleteCamera, DeleteRegion

OPEN = {"/healthz", "/readyz", "/problems/{code}", "/api/v1/openapi.json", "POST /api/v1/sessions"}
OURS = {"Origin": "http://node.example.org", "X-VMS-CSRF": "1"}


def calls(dependant: Dependant) -> Iterator[object]:
    for child in dependant.dependencies:
        yield child.call
        yield from calls(child)


def test_every_route_takes_the_actor_through_the_one_dependency() -> None:
    seen = 0
    for route in iter_route_contexts(FakeNode().app.routes):
        names = {route.path, *(f"{method} {route.path}" for method in route.methods or ())}
        if names & OPEN:
            continue
        dependant = getattr(route, "dependant", None) or getattr(route.original_route, "dependant", None)
        assert isinstance(dependant, Dependant), f"{route.path} is not one of our routes"
        assert {actor_of, socket_actor} & set(calls(dependant)), f"{route.path} asks for no actor"
        seen += 1
    assert seen > 20


def test_without_a_credential_every_route_answers_401() -> None:
    client = FakeNode().client
    for path in ("/metrics", "/api/v1/me", "/api/v1/system", "/api/v1/nodes", "/api/v1/cameras", "/api/v1/facts"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), path
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer nobody", "Bearer ", "Basic dm1zOnZtcw==", "Bearer " + "x" * 1000])
def test_a_wrong_credential_is_refused(header: str) -> None:
    assert FakeNode().client.get("/api/v1/me", headers={"Authorization": header}).status_code == 401


def test_a_login_token_opens_a_session_once() -> None:
    node = FakeNode()
    client = node.client
    opened = client.post("/api/v1/sessions", json={"login_token": LOGIN})
    assert opened.status_code == 201
    cookie = opened.headers["set-cookie"].lower()
    assert cookie.startswith("vms_session=") and "httponly" in cookie and "samesite=strict" in cookie and "secure" not in cookie
    assert SESSION not in opened.text
    assert node.address == "testclient"
    assert client.get("/api/v1/me").json()["name"] == "officer"
    assert client.post("/api/v1/sessions", json={"login_token": LOGIN}).status_code == 401


def test_over_https_the_cookie_is_bound_to_the_host() -> None:
    client = FakeNode(secure=True).client
    cookie = client.post("/api/v1/sessions", json={"login_token": LOGIN}).headers["set-cookie"]
    assert cookie.startswith("__Host-vms_session=") and "Secure" in cookie and "Path=/" in cookie and "Domain" not in cookie
    assert client.get("/api/v1/me").status_code == 200
    plain = FakeNode(secure=True).client
    plain.cookies.set("vms_session", SESSION)
    assert plain.get("/api/v1/me").status_code == 401


def test_another_site_cannot_sign_a_browser_in() -> None:
    foreign = {"Origin": "http://elsewhere.example.org"}
    assert FakeNode().client.post("/api/v1/sessions", json={"login_token": LOGIN}, headers=foreign).status_code == 403


def test_signing_out_ends_the_session_and_clears_the_cookie() -> None:
    node = FakeNode()
    node.client.cookies.set("vms_session", SESSION)
    answer = node.client.delete("/api/v1/sessions/current", headers=OURS)
    assert answer.status_code == 204
    assert 'vms_session=""' in answer.headers["set-cookie"]
    node.client.cookies.set("vms_session", SESSION)
    assert node.client.get("/api/v1/me").status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"X-VMS-CSRF": "1"}, 204),
        (OURS, 204),
        ({**OURS, "Origin": "http://elsewhere.example.org"}, 403),
        ({**OURS, "Origin": "https://node.example.org"}, 403),
        ({**OURS, "Origin": "http://node.example.org:8080"}, 403),
        ({**OURS, "Origin": "null"}, 403),
        ({"Origin": "http://node.example.org", "X-VMS-CSRF": "0"}, 403),
    ],
)
def test_a_change_by_cookie_needs_our_header_and_no_foreign_origin(headers: dict[str, str], status: int) -> None:
    node = FakeNode()
    node.owner.answers[DeleteRegion] = None
    node.client.cookies.set("vms_session", SESSION)
    assert node.client.delete("/api/v1/regions/r1", headers=headers).status_code == status


def test_a_bearer_token_needs_no_csrf_header() -> None:
    node = FakeNode()
    node.owner.answers[DeleteCamera] = None
    assert node.client.delete("/api/v1/cameras/c1", headers=BEARER).status_code == 204


def test_no_right_on_an_object_answers_like_no_object() -> None:
    node = FakeNode()
    node.owner.answers[DeleteCamera] = VmsError(Kind.NOT_FOUND, "no such camera")
    first, second = (node.client.delete(f"/api/v1/cameras/{c}", headers={**BEARER, "X-Request-Id": "r"}) for c in ("c1", "c2"))
    assert first.content == second.content


@pytest.mark.parametrize(
    ("headers", "code"),
    [({}, 4401), ({"Authorization": "Bearer nobody"}, 4401), ({"Cookie": f"vms_session={SESSION}"}, 4403)],
)
def test_a_socket_without_right_is_closed_with_its_code(headers: dict[str, str], code: int) -> None:
    client = FakeNode().client
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        client.websocket_connect("/api/v1/facts/stream", headers=headers) as socket,
    ):
        socket.receive_text()
    assert closed.value.code == code
