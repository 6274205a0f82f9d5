"""Hostile code inside the real child: each act is stopped, by death where no honest decoder would do it."""

from __future__ import annotations

import ctypes
import json
import platform
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.decode.children import Talk
from tests.faults.hostile import WIDTHS, Knows, command
from vms.decode import seccomp
from vms.decode.protocol import Failed, Job
from vms.decode.spawn import spawn

DEADLY = [
    ("crash", signal.SIGSEGV),
    ("read_the_data_folder", signal.SIGSYS),
    ("list_the_data_folder", signal.SIGSYS),
    ("connect_to_postgresql", signal.SIGSYS),
    ("connect_to_the_network", signal.SIGSYS),
    ("start_a_program", signal.SIGSYS),
    ("fork", signal.SIGSYS),
    ("signal_its_parent", signal.SIGSYS),
    ("make_code", signal.SIGSYS),
    ("raise_its_limits", signal.SIGSYS),
]


@pytest.fixture
def taken(tmp_path: Path) -> Generator[tuple[subprocess.Popen[bytes], socket.socket]]:
    (tmp_path / "node.json").write_text("secret")
    process, end = spawn(command(Knows(str(tmp_path), 9)))
    try:
        with end:
            yield process, end
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(("act", "number"), DEADLY)
def test_what_no_decoder_does_ends_the_child(
    taken: tuple[subprocess.Popen[bytes], socket.socket], act: str, number: signal.Signals
) -> None:
    process, end = taken
    talk = Talk(end)
    with pytest.raises(ConnectionError):
        talk.ask(Job(1, b"\0", WIDTHS[act]))
    assert process.wait(10) == -number


def test_more_memory_than_its_bound_is_refused_and_the_child_lives(taken: tuple[subprocess.Popen[bytes], socket.socket]) -> None:
    process, end = taken
    talk = Talk(end)
    answer = talk.ask(Job(1, b"\0", WIDTHS["take_10_gb"]))
    assert isinstance(answer, Failed) and answer.reason.startswith("MemoryError")
    assert isinstance(talk.ask(Job(1, b"\0", 64)), Failed)
    assert process.poll() is None


def raised(code: str) -> dict[str, str]:
    """The walls as a process without the libraries raises them, after `code` has spoilt something."""
    program = f"from vms.decode import seccomp, walls\n{code}\nfound = walls.raise_early() | walls.raise_late()\n"
    # afterwards no file can be opened and no module loaded, so that everything needed is bound before
    end = "import json, os\nsay, leave = json.dumps, os._exit\n"
    tail = "os.write(1, say(found).encode())\nleave(0)\n"
    done = subprocess.run([sys.executable, "-c", end + program + tail], capture_output=True, check=True, timeout=30)
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("spoil", "wall", "said"),
    [
        ("walls._called = lambda name, *rest: None", "network", "network can be reached"),
        ("walls._LANDLOCK_CREATE = 999", "files", "no Landlock"),
        ("walls._LIMITS = ()", "limits", "can be opened"),
        ("seccomp.forbid = lambda allowed: None", "calls", "judges nothing"),
        ("seccomp.platform.machine = lambda: 'riscv64'", "calls", "no list of calls for riscv64"),
    ],
)
def test_a_wall_that_does_not_stand_is_told(spoil: str, wall: str, said: str) -> None:
    found = raised(spoil)
    assert said in found[wall]
    others = {name: why for name, why in found.items() if name != wall}
    assert spoil.startswith("walls._called") or set(others.values()) == {""}


def test_the_filter_judges_the_machine_first_and_every_jump_lands_inside() -> None:
    for machine in seccomp.MACHINES.values():
        code = seccomp.program(machine)
        lines = [(code[at : at + 8]) for at in range(0, len(code), 8)]
        for index, line in enumerate(lines):
            kind, when, otherwise = int.from_bytes(line[:2], sys.byteorder), line[2], line[3]
            assert kind not in (0x15, 0x45) or index + 1 + max(when, otherwise) < len(lines)
        assert int.from_bytes(lines[1][4:], sys.byteorder) == machine.audit
        assert lines[-1] == (0x06).to_bytes(2, sys.byteorder) + b"\0\0" + (0x8000_0000).to_bytes(4, sys.byteorder)
        assert len(lines) < 4096 and len(set(machine.calls)) == len(machine.calls)
    assert platform.machine() in seccomp.MACHINES and ctypes.sizeof(ctypes.c_void_p) == 8
