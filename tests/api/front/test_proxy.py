"""Everything that is no media goes to control as it came, but for who asks: that is the edge's to say."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from tests.api.front.front import Edge


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Tells what arrived."""
    if scope["type"] != "http":
        return
    request = Request(scope, receive)
    headers = [(k.decode(), v.decode()) for k, v in scope["headers"]]
    told = {
        "path": scope["raw_path"].decode(),
        "query": scope["query_string"].decode(),
        "headers": headers,
        "body": (await request.body()).decode(),
    }
    await send({"type": "http.response.start", "status": 207, "headers": [(b"x-told", b"1"), (b"connection", b"close")]})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})


@pytest.fixture(scope="module")
def control() -> Generator[str]:
    """A server behind a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="vp-") as folder:
        path = str(Path(folder) / "api.sock")
        server = uvicorn.Server(uvicorn.Config(echo, uds=path, log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            thread.join(0.01)
        yield path
        server.should_exit = True
        thread.join()


def told(control: str, method: str, path: str, **sent: Any) -> dict[str, Any]:
    with Edge(api_socket=control).client() as client:
        answer = client.request(method, path, **sent)
    assert (answer.status_code, answer.headers["x-told"]) == (207, "1")
    return answer.json()


def test_method_path_query_and_body_arrive_as_they_were_sent(control: str) -> None:
    got = told(control, "POST", "/api/v1/cameras/a%2Fb%3Fc?q=%20x", content=b"body")
    assert (got["path"], got["query"], got["body"]) == ("/api/v1/cameras/a%2Fb%3Fc", "q=%20x", "body")


def test_a_viewer_cannot_say_that_it_is_somebody_else(control: str) -> None:
    forged = {"X-Forwarded-For": "192.0.2.66", "Forwarded": "for=192.0.2.66", "X-Real-IP": "192.0.2.66", "X-Forwarded-Proto": "https"}
    headers = told(control, "GET", "/api/v1/me", headers=forged)["headers"]
    assert [value for name, value in headers if "forwarded" in name or name == "x-real-ip"] == ["testclient", "http"]
    assert ["authorization", "Bearer t0ken"] in headers


def test_a_body_over_the_bound_is_refused_here(control: str) -> None:
    with Edge(api_socket=control).client() as client:
        assert client.post("/api/v1/cameras", content=bytes(1024 * 1024 + 1)).status_code == 413


def test_control_that_is_away_is_one_clear_503() -> None:
    with Edge().client() as client:
        answer = client.get("/readyz")
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["code"]) == (503, "2", "unavailable")


def test_every_other_path_is_the_console(tmp_path: Path) -> None:
    with Edge(console=tmp_path).client() as client:
        assert client.get("/wall").status_code == 503
        (tmp_path / "index.html").write_text("<!doctype html>")
        page = client.get("/wall")
        assert (page.text, page.headers["cache-control"]) == ("<!doctype html>", "no-cache")
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


def test_a_file_beside_the_page_is_itself(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "icon.svg").write_text("<svg/>")
    with Edge(console=tmp_path).client() as client:
        icon = client.get("/icon.svg")
    assert (icon.text, icon.headers["content-type"]) == ("<svg/>", "image/svg+xml")
    assert "frame-ancestors 'none'" in icon.headers["content-security-policy"]
