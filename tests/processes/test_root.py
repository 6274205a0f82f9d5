"""root with small real children: back within 3 s, killed when silent, stopped in order, sockets that outlive them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.stream.links import socket_path
from vms.base.errors import Kind, VmsError
from vms.processes.root import take_node

PATIENCE_S = 20.0
ROOT = """
import json, subprocess, sys
from vms.processes.root import Role, Root, listen_unix
children = json.loads(sys.argv[1])
def role(name, code, path=None, nice=0, on_demand=False):
    sockets = {"link": listen_unix(path)} if path else {}
    return Role(name, (sys.executable, "-c", code) if code[0] != "/" else (code,), 0, sockets, nice=nice, on_demand=on_demand)
roles = [role(name, **child) for name, child in children.items()]
class Database:
    is_new = sys.argv[2] == "new"
    def prepare(self): pass
    def popen(self):
        self.process = subprocess.Popen(["sleep", "600"])
        return self.process
    def stop(self): self.process.kill()
database = Database() if sys.argv[2] else None
sys.exit(Root("config", roles, database, silence_s=1.0, first_word_s=5.0, stop_s=2.0).run())
"""
BEAT = """
import json, os, signal, socket, sys, time
fds = json.loads(sys.argv[3])
def stop(*_): sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print(json.dumps({"event": "ready"}), file=sys.stderr, flush=True)
"""
ALIVE = BEAT + "\nwhile True:\n    os.write(fds['heartbeat'], b'.')\n    time.sleep(0.1)\n"
SILENT = BEAT + "\nos.write(fds['heartbeat'], b'.')\ntime.sleep(600)\n"
STUBBORN = ALIVE.replace("sys.exit(0)", "None")
ECHO = BEAT + textwrap.dedent(
    """
    listener = socket.socket(fileno=fds["link"])
    listener.settimeout(0.1)
    while True:
        os.write(fds["heartbeat"], b".")
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        connection.sendall(str(os.getpid()).encode())
        connection.close()
    """
)


class Running:
    """root in a process of its own; its words by event."""

    def __init__(self, process: subprocess.Popen[str], words: Path) -> None:
        self.process = process
        self._words = words

    def said(self, event: str, **facts: object) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self._words.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event and facts.items() <= line.items()]

    def wait(self, holds: Callable[[], Any]) -> Any:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            if found := holds():
                return found
            os.sched_yield()
        raise AssertionError(self._words.read_text())

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)


@contextmanager
def root(tmp_path: Path, database: Literal["", "new", "old"] = "", /, **children: dict[str, Any]) -> Generator[Running]:
    words = tmp_path / "words"
    command = [sys.executable, "-c", ROOT, json.dumps(children), database]
    with words.open("w") as file:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=file, text=True)
        try:
            yield Running(process, words)
        finally:
            process.kill()
            process.wait()


def test_a_child_that_exits_is_back_within_three_seconds(tmp_path: Path) -> None:
    with root(tmp_path, media={"code": ALIVE}) as running:
        first = running.wait(lambda: running.said("child started"))[0]
        os.kill(first["pid"], signal.SIGKILL)
        started = running.wait(lambda: running.said("child started")[1:])
        ended = running.said("child ended")[0]
        assert (ended["child"], ended["reason"]) == ("media", "exit -9")
        assert started[0]["t"] - ended["t"] < 3.0
        assert running.stop() == 0


def test_a_child_that_falls_silent_is_killed_and_started_again(tmp_path: Path) -> None:
    with root(tmp_path, media={"code": SILENT}) as running:
        running.wait(lambda: running.said("child started")[1:])
        assert running.said("child silent, killing", child="media")
        assert running.said("child ended")[0]["reason"] == "hang"


def test_a_command_that_cannot_be_started_ends_nobody_else(tmp_path: Path) -> None:
    with root(tmp_path, broken={"code": "/nowhere/program"}, media={"code": ALIVE}) as running:
        running.wait(lambda: running.said("ready") and running.said("child cannot be started", child="broken"))
        assert running.stop() == 0


def test_media_stops_before_control_and_a_stubborn_child_is_killed_and_told(tmp_path: Path) -> None:
    with root(tmp_path, control={"code": ALIVE, "nice": 5}, media={"code": STUBBORN}) as running:
        running.wait(lambda: len(running.said("ready")) == 2)
        assert running.stop() == 1
        assert running.said("child did not stop, killing")[0]["child"] == "media"
        assert running.said("stopped")[0]["late"] == 1


@pytest.mark.parametrize(
    ("database", "order"), [("new", ["control", "postgres", "worker", "edge"]), ("old", ["worker", "edge", "control", "postgres"])]
)
def test_media_waits_for_a_database_only_when_it_is_made_for_the_first_time(
    tmp_path: Path, database: Literal["new", "old"], order: list[str]
) -> None:
    control = {"code": ALIVE, "nice": 5}
    with root(tmp_path, database, worker={"code": ALIVE}, edge={"code": ALIVE}, control=control) as running:
        running.wait(lambda: len(running.said("ready")) == 3)
        began = sorted([*running.said("child started"), *running.said("postgres started")], key=lambda line: line["t"])
        assert [line.get("child", "postgres") for line in began] == order
        assert running.stop() == 0


def test_a_dead_childs_socket_takes_connections_until_its_next_life_serves_them(tmp_path: Path) -> None:
    with socket_path() as path, root(tmp_path, media={"code": ECHO, "path": path}) as running:
        pid = running.wait(lambda: running.said("child started"))[0]["pid"]
        assert ask(path) == pid
        os.kill(pid, signal.SIGKILL)
        assert ask(path) not in {pid, 0}


def ask(path: str) -> int:
    """Who answers; a refused connection raises."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE_S)
        client.connect(path)
        return int(client.recv(100) or b"0")


def test_one_root_per_node(tmp_path: Path) -> None:
    held = take_node(str(tmp_path))
    with pytest.raises(VmsError) as refused:
        take_node(str(tmp_path))
    assert refused.value.kind is Kind.CONFLICT
    os.close(held)
    os.close(take_node(str(tmp_path)))


def test_a_child_on_demand_starts_with_its_first_caller_and_after_its_death_with_the_next(tmp_path: Path) -> None:
    with socket_path() as path, root(tmp_path, rtc={"code": ECHO, "path": path, "on_demand": True}, media={"code": ALIVE}) as running:
        running.wait(lambda: running.said("ready"))
        assert not running.said("child started", child="rtc")
        first = ask(path)
        assert running.said("child started", child="rtc")[0]["pid"] == first
        assert ask(path) == first
        os.kill(first, signal.SIGKILL)
        running.wait(lambda: running.said("child ended", child="rtc"))
        second = ask(path)
        assert second != first
        assert [start["pid"] for start in running.said("child started", child="rtc")] == [first, second]
        assert running.stop() == 0
