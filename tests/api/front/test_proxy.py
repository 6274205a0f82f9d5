"""Everything that is no media goes to control as it came, but for who asks: that is the edge's to say."""

from __future__ import annotations

import json
import socket as socketlib
import tempfile
import threading
from base64 import b64encode
from collections.abc import Generator
from contextlib import contextmanager
from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.requests import Request
from starlette.testclient import WebSocketTestSession
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.api.front.front import Edge


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Tells what arrived."""
    if scope["type"] == "websocket":
        await answer_socket(scope, receive, send)
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


async def answer_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """Tells what arrived, then echoes; `close 4401` is taken at its word."""
    websocket = WebSocket(scope, receive, send)
    await websocket.accept()
    headers = [(k.decode(), v.decode()) for k, v in scope["headers"]]
    await websocket.send_text(json.dumps({"path": scope["path"], "query": scope["query_string"].decode(), "headers": headers}))
    async for text in websocket.iter_text():
        if text.startswith("close "):
            await websocket.close(int(text.removeprefix("close ")))
            return
        await websocket.send_text(f"echo {text}")


@pytest.fixture(scope="module")
def control() -> Generator[str]:
    """A server behind a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="vp-") as folder:
        path = str(Path(folder) / "api.sock")
        server = uvicorn.Server(uvicorn.Config(echo, uds=path, log_config=None, lifespan="off", ws="websockets-sansio"))
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


STREAM = "/api/v1/facts/stream"


def closed_with(socket: WebSocketTestSession) -> int:
    """The code with which the viewer's WebSocket ends."""
    with pytest.raises(WebSocketDisconnect) as end:
        socket.receive_text()
    return end.value.code


def test_a_socket_is_joined_with_control_under_the_viewers_own_credential_and_nothing_else(control: str) -> None:
    forged = {"Cookie": "vms=s3cret", "X-Forwarded-For": "192.0.2.66", "X-Odd": "1"}
    with Edge(api_socket=control).client() as client, client.websocket_connect(STREAM + "?after=7&types=a%20b", headers=forged) as socket:
        arrived = socket.receive_json()
        assert (arrived["path"], arrived["query"]) == (STREAM, "after=7&types=a%20b")
        headers = dict(arrived["headers"])
        assert (headers["authorization"], headers["cookie"]) == ("Bearer t0ken", "vms=s3cret")
        assert not {"x-forwarded-for", "x-odd"} & headers.keys()
        for word in ("one", "二"):
            socket.send_text(word)
            assert socket.receive_text() == f"echo {word}"


@pytest.mark.parametrize("code", [1000, 1008, 4401])
def test_control_says_with_which_code_a_socket_ends(control: str, code: int) -> None:
    with Edge(api_socket=control).client() as client, client.websocket_connect(STREAM) as socket:
        socket.receive_json()
        socket.send_text(f"close {code}")
        assert closed_with(socket) == code


def test_bytes_are_no_kind_of_data_that_this_socket_takes(control: str) -> None:
    with Edge(api_socket=control).client() as client, client.websocket_connect(STREAM) as socket:
        socket.receive_json()
        socket.send_bytes(b"\x00")
        assert closed_with(socket) == 1003


def test_a_page_of_another_origin_gets_no_socket(control: str) -> None:
    foreign = {"Origin": "https://elsewhere.example"}
    with Edge(api_socket=control).client() as client, client.websocket_connect(STREAM, headers=foreign) as socket:
        assert closed_with(socket) == 4403


def test_a_socket_while_control_is_away_ends_with_a_code_that_says_so() -> None:
    with Edge().client() as client, client.websocket_connect(STREAM) as socket:
        assert closed_with(socket) == 4503


def test_a_socket_whose_control_dies_ends_with_a_code_that_says_so() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="vp-") as folder,
        unix_server(f"{folder}/api.sock") as dying,
        Edge(api_socket=f"{folder}/api.sock").client() as client,
        client.websocket_connect(STREAM) as socket,
    ):
        dying.set()
        assert closed_with(socket) == 4503


@contextmanager
def unix_server(path: str) -> Generator[threading.Event]:
    """Takes one WebSocket (RFC 6455 §4.2.2) and, when told, drops the connection without a closing frame."""
    die = threading.Event()
    with socketlib.socket(socketlib.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def life() -> None:
            connection, _ = listener.accept()
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(4096)
                key = next(line.split(b": ")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
                accept = b64encode(sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", usedforsecurity=False).digest())
                upgrade = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                connection.sendall(upgrade + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
                die.wait(20)

        thread = threading.Thread(target=life)
        thread.start()
        try:
            yield die
        finally:
            die.set()
            thread.join()


def test_a_file_beside_the_page_is_itself(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "icon.svg").write_text("<svg/>")
    with Edge(console=tmp_path).client() as client:
        icon = client.get("/icon.svg")
    assert (icon.text, icon.headers["content-type"]) == ("<svg/>", "image/svg+xml")
    assert "frame-ancestors 'none'" in icon.headers["content-security-policy"]
