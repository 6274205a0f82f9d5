"""root's decode children: handed over with their handles, ended when their client leaves, their end told, never too many."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Generator

import pytest

from tests.stream.links import socket_path
from vms.processes.decoders import ENDED, MOST, NOT_STARTED, Decoders
from vms.processes.root import listen_unix

PATIENCE_S = 10.0
WAITS = (sys.executable, "-I", "-c", "import socket, sys; socket.socket(fileno=int(sys.argv[2])).recv(1); sys.exit(3)")


class Stage:
    """The decoders in a loop like root's, and clients of theirs."""

    def __init__(self, path: str, command: tuple[str, ...] = WAITS) -> None:
        self.path = path
        self.said: list[str] = []
        self.selector = selectors.DefaultSelector()
        self.decoders = Decoders(listen_unix(path), self.selector, self._say, command)
        self.decoders.watch()
        self.open: list[int | socket.socket] = []

    def _say(self, event: str, **facts: object) -> None:
        self.said.append(event)

    def turn(self, holds: Callable[[], object]) -> None:
        until = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < until, self.said
            for key, _ in self.selector.select(0.02):
                key.data()
            self.decoders.tick()

    def client(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        self.open.append(client)
        client.connect(self.path)
        before = len(self.said)
        self.turn(lambda: len(self.said) > before)
        client.settimeout(PATIENCE_S)
        return client

    def handed(self, client: socket.socket) -> tuple[socket.socket, int]:
        data, descriptors, _, _ = socket.recv_fds(client, 1, 2)
        assert data == b"!"
        end = socket.socket(fileno=descriptors[0])
        self.open += [end, descriptors[1]]
        return end, descriptors[1]

    def ended(self, client: socket.socket) -> int:
        self.turn(lambda: not self.decoders.running)
        return int(ENDED.unpack(client.recv(ENDED.size))[0])

    def close(self) -> None:
        self.decoders.stop()
        self.decoders.listener.close()
        self.selector.close()
        for each in self.open:
            os.close(each) if isinstance(each, int) else each.close()


@pytest.fixture
def stage() -> Generator[Stage]:
    with socket_path() as path:
        made = Stage(path)
        yield made
        made.close()


def test_a_client_may_end_its_child_and_is_told_how_it_ended(stage: Stage) -> None:
    client = stage.client()
    _, handle = stage.handed(client)
    signal.pidfd_send_signal(handle, signal.SIGKILL)
    assert stage.ended(client) == -signal.SIGKILL
    assert client.recv(1) == b""
    second = stage.client()
    end, _ = stage.handed(second)
    end.sendall(b"x")
    assert stage.ended(second) == 3
    assert stage.said == ["decoder started", "decoder ended"] * 2


def leaves(client: socket.socket) -> None:
    client.shutdown(socket.SHUT_WR)


def speaks(client: socket.socket) -> None:
    client.sendall(b"hello?")


@pytest.mark.parametrize("leave", [leaves, speaks])
def test_a_client_that_leaves_or_speaks_has_no_child_any_more(stage: Stage, leave: Callable[[socket.socket], None]) -> None:
    client = stage.client()
    stage.handed(client)
    leave(client)
    assert stage.ended(client) == -signal.SIGKILL


def test_there_are_never_too_many(stage: Stage) -> None:
    clients = [stage.client() for _ in range(MOST)]
    assert len(stage.decoders.running) == MOST
    refused = stage.client()
    assert ENDED.unpack(refused.recv(ENDED.size)) == (NOT_STARTED,)
    assert stage.said[-1] == "decoder cannot be started"
    stage.handed(clients[0])
    clients[0].close()
    stage.turn(lambda: len(stage.decoders.running) < MOST)
    stage.handed(stage.client())


def test_a_command_that_cannot_be_started_is_an_answer() -> None:
    with socket_path() as path:
        stage = Stage(path, ("/nowhere/python",))
        assert ENDED.unpack(stage.client().recv(ENDED.size)) == (NOT_STARTED,)
        stage.close()
