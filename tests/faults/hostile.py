"""A node whose decode child has been taken over: the same root, the same child behind the same walls, with hostile code in its decoder.

`python -m tests.faults.hostile serve --config FILE` is `vms serve`, but for this: a job of one of the widths in `ACTS` runs that act
inside the real child, after its start-up, in place of decoding. The product knows nothing of this.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = str(Path(__file__).parents[2])
ACTS: dict[int, Callable[[Knows], object]] = {}
WIDTHS: dict[str, int] = {}


@dataclass(frozen=True)
class Knows:
    """What an attacker could have learnt elsewhere: where things lie."""

    data: str
    port: int


def act(call: Callable[[Knows], object]) -> Callable[[Knows], object]:
    WIDTHS[call.__name__] = 1001 + len(ACTS)
    ACTS[WIDTHS[call.__name__]] = call
    return call


@act
def crash(knows: Knows) -> object:
    return ctypes.string_at(0)


@act
def take_10_gb(knows: Knows) -> object:
    return bytearray(10 * 1024**3)


@act
def read_the_data_folder(knows: Knows) -> object:
    return Path(knows.data, "node.json").read_bytes()


@act
def list_the_data_folder(knows: Knows) -> object:
    return list(Path(knows.data).iterdir())


@act
def connect_to_postgresql(knows: Knows) -> object:
    socket.socket(socket.AF_UNIX).connect(f"{knows.data}/.s.PGSQL.5432")
    return None


@act
def connect_to_the_network(knows: Knows) -> object:
    return socket.create_connection(("127.0.0.1", knows.port))


@act
def start_a_program(knows: Knows) -> object:
    os.execv("/bin/true", ["true"])  # noqa: S606


@act
def fork(knows: Knows) -> object:
    return os.fork()


@act
def signal_its_parent(knows: Knows) -> object:
    os.kill(os.getppid(), signal.SIGTERM)
    return None


@act
def make_code(knows: Knows) -> object:
    return mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)


@act
def raise_its_limits(knows: Knows) -> object:
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    return None


@act
def never_answer(knows: Knows) -> object:
    while True:
        time.sleep(0)


def command(knows: Knows) -> tuple[str, ...]:
    """How such a child is started: isolated like the product's own."""
    code = f"import sys; sys.path.insert(0, {REPOSITORY!r}); from tests.faults.hostile import child; child()"
    return (sys.executable, "-I", "-c", code, knows.data, str(knows.port))


def child() -> None:
    """The product's child with its decoder taken over."""
    from vms.decode import child as product

    data, port, *arguments = sys.argv[1:]
    knows, honest = Knows(data, int(port)), product.picture

    def picture(codec: int, data: bytes, width: int, quality: int) -> tuple[int, int, bytes]:
        hostile = ACTS.get(width)
        if hostile is None:
            return honest(codec, data, width, quality)
        got = None
        with contextlib.suppress(OSError):  # an attacker does not give up at a refusal
            got = hostile(knows)
        stolen = repr(got).encode()[:100]
        raise ValueError(f"ran to its end with {stolen!r}")

    product.picture = picture  # pyright: ignore[reportAttributeAccessIssue]
    product.main(arguments)


def serve(config: str) -> None:
    from vms.app import resolve
    from vms.settings import load as settings

    _, path = resolve(settings(Path(config)))
    os.execv(sys.executable, [sys.executable, "-m", "tests.faults.hostile", "root", str(path)])  # noqa: S606


def run_root(config_path: str) -> int:
    from vms.processes import root
    from vms.processes.config import load

    config = load(Path(config_path))
    database = root.EmbeddedPostgres(Path(config.data_dir) / "postgres", Path(config.run_dir))
    root.take_node(config.run_dir)
    door = root.listen_unix(config.socket_path("decoder"))
    return root.Root(config_path, root.roles_of(config), database, door, command(Knows(config.run_dir, config.port))).run()


def main() -> int:
    match sys.argv[1:]:
        case ["serve", "--config", config]:
            serve(config)
        case ["root", config]:
            return run_root(config)
        case other:
            raise SystemExit(f"serve or root, not {other}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
