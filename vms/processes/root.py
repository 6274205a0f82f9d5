"""root: the parent of every process of a node and of its PostgreSQL. Standard library only.

In: the listening sockets (made once, so that a child may die and come back without a refused connection), starting,
judging, restarting and stopping children. A child that exits is back within 3 s; one that falls silent is killed and
back within 10 s, judged only while root's own tick was on time. Not here: what children do.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from vms.base.errors import Kind, VmsError
from vms.base.postgres import EmbeddedPostgres
from vms.decode.spawn import COMMAND
from vms.processes.config import NodeConfig, load
from vms.processes.decoders import Decoders

TICK_S = 0.5
SILENCE_S = 7.0
FIRST_WORD_S = 30.0  # imports on a busy box, before the loop can beat
STOP_S = 8.0
RESTART_S = (0.05, 0.2, 0.5, 1.0, 2.0)
HEALTHY_S = 20.0
VIEWER_SEND_BUFFER_BYTES = 256 * 1024  # a viewer that stops reading may hold this much in the kernel, not 4 MB
PR_SET_PDEATHSIG = 1
CONTROL_NICE = 5  # lists and reports yield to pictures on a busy box


@dataclass
class Role:
    """One child: how to start it, and how its lives went."""

    name: str
    command: tuple[str, ...]
    index: int
    listeners: dict[str, socket.socket]
    nice: int = 0
    on_demand: bool = False
    """Started when somebody connects to its listener `link`, and again only then."""
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    heard_at: float = 0.0
    restart_at: float | None = 0.0
    failures: int = 0
    reason: str = "start"
    killed: bool = False


def parent_death_signal(number: int) -> None:
    """In the child, before exec: die when the parent dies, however it dies (prctl(2))."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)


def listen_unix(path: str) -> socket.socket:
    Path(path).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    Path(path).chmod(0o600)
    listener.listen(128)
    return listener


def listen_tcp(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, VIEWER_SEND_BUFFER_BYTES)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise VmsError(Kind.CONFIG, f"{host}:{port} cannot be listened on ({error.strerror}): free it, or set another port") from error
    listener.listen(1024)
    return listener


def say(event: str, **facts: object) -> None:
    """One JSON line on stderr, in the shape of base.log."""
    print(json.dumps({"event": event, "role": "root", "t": time.time(), **facts}), file=sys.stderr, flush=True)  # noqa: T201


@dataclass(frozen=True)
class Knock:
    """What the selector tells of a listener: somebody waits for this role."""

    role: Role


@dataclass
class Root:
    """The node's process tree."""

    config_path: str
    roles: list[Role]
    database: EmbeddedPostgres | None = None
    decoder_listener: socket.socket | None = None
    decoder_command: tuple[str, ...] = COMMAND
    silence_s: float = SILENCE_S
    first_word_s: float = FIRST_WORD_S
    stop_s: float = STOP_S
    postgres: subprocess.Popen[bytes] | None = None
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    stopping: bool = False
    _postgres_at: float = 0.0
    _decoders: Decoders | None = None

    def run(self) -> int:
        """Until SIGTERM or SIGINT; 0 when every child stopped in time."""
        wake_read, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGCHLD, self._on_child)
        self.selector.register(wake_read, selectors.EVENT_READ, None)
        if self.decoder_listener is not None:
            self._decoders = Decoders(self.decoder_listener, self.selector, say, self.decoder_command)
            self._decoders.watch()
        self._start_all()
        last = time.monotonic()
        while not self.stopping:
            self._wait(wake_read)
            now = time.monotonic()
            self._tick(now, on_time=now - last < TICK_S * 4)
            last = now
        return self._stop()

    def _start_all(self) -> None:
        """Media first, as it does not wait for the database. A node's very first start is different: nothing can be
        recorded before its database is made, so the media processes leave the processor to that, and to control."""
        new = self.database is not None and self.database.is_new
        late = [role for role in self.roles if new and role.nice == 0 and not role.on_demand]
        for role in self.roles:
            if role.on_demand:
                self._await(role)
            elif role not in late:
                self._start(role)
        self._start_postgres()
        for role in late:
            self._start(role)

    def _on_stop(self, *_: object) -> None:
        self.stopping = True

    def _on_child(self, *_: object) -> None:
        """Only the wake-up counts: the tick looks who ended."""

    def _wait(self, wake_read: int) -> None:
        for key, _ in self.selector.select(TICK_S):
            if key.fd == wake_read:
                os.read(wake_read, 4096)
            elif isinstance(key.data, Knock):
                self.selector.unregister(key.fileobj)
                self._start(key.data.role)
            elif callable(key.data):
                key.data()
            elif os.read(key.fd, 4096):
                role: Role = key.data
                role.heard_at = time.monotonic()
            else:
                self.selector.unregister(key.fd)
                os.close(key.fd)

    def _tick(self, now: float, *, on_time: bool) -> None:
        if self._decoders is not None:
            self._decoders.tick()
        for role in self.roles:
            if role.process is None:
                if role.restart_at is not None and now >= role.restart_at:
                    (self._await if role.on_demand else self._start)(role)
            elif (code := role.process.poll()) is not None:
                self._ended(role, now, "hang" if role.killed else f"exit {code}")
            elif not on_time:
                role.heard_at = max(role.heard_at, now)
            elif now - role.heard_at > self.silence_s and not role.killed:
                say("child silent, killing", child=role.name, seconds=round(now - role.heard_at, 1))
                role.killed = True  # waited for by the ticks: a process that hangs in a disk does not die at once
                role.process.kill()
        if self.postgres is not None and self.postgres.poll() is not None and now >= self._postgres_at:
            say("postgres ended", code=self.postgres.returncode)
            self._restart_postgres(now)

    def _ended(self, role: Role, now: float, reason: str) -> None:
        healthy = now - role.started_at > HEALTHY_S
        role.failures = 0 if healthy else role.failures + 1
        role.process, role.reason, role.killed = None, reason, False
        role.restart_at = now + RESTART_S[min(role.failures, len(RESTART_S) - 1)]
        say("child ended", child=role.name, reason=reason, lived_s=round(now - role.started_at, 1))

    def _await(self, role: Role) -> None:
        """A connection that comes while nobody serves it waits in the listener's queue."""
        role.restart_at = None
        self.selector.register(role.listeners["link"], selectors.EVENT_READ, Knock(role))

    def _start(self, role: Role) -> None:
        """A machine that is out of processes or memory is tried again: what runs goes on."""
        try:
            self._spawn(role)
        except (OSError, subprocess.SubprocessError) as error:
            say("child cannot be started", child=role.name, error=str(error))
            role.restart_at = time.monotonic() + RESTART_S[-1]

    def _spawn(self, role: Role) -> None:
        read_end, write_end = os.pipe()
        fds = {name: listener.fileno() for name, listener in role.listeners.items()} | {"heartbeat": write_end}
        nice = role.nice

        def prepare() -> None:
            parent_death_signal(signal.SIGKILL)
            if nice:
                os.nice(nice)

        try:
            process = role.process = subprocess.Popen(
                [*role.command, self.config_path, str(role.index), json.dumps(fds), role.reason],
                pass_fds=tuple(fds.values()),
                preexec_fn=prepare,  # noqa: PLW1509  (root has one thread)
                stdin=subprocess.DEVNULL,
            )
        except BaseException:
            os.close(read_end)
            raise
        finally:
            os.close(write_end)
        role.started_at = time.monotonic()
        role.heard_at = role.started_at + self.first_word_s - self.silence_s
        role.restart_at = None
        self.selector.register(read_end, selectors.EVENT_READ, role)
        say("child started", child=role.name, pid=process.pid)

    def _start_postgres(self) -> None:
        if self.database is None:
            return
        self.database.prepare()
        self.postgres = self.database.popen()
        self._postgres_at = time.monotonic() + RESTART_S[1]
        say("postgres started", pid=self.postgres.pid)

    def _restart_postgres(self, now: float) -> None:
        """Without a database media goes on, so its failure to start is no reason to end."""
        try:
            self._start_postgres()
        except (VmsError, OSError) as error:
            say("postgres cannot be started", error=str(error))
            self._postgres_at = now + RESTART_S[-1]

    def _stop(self) -> int:
        """Workers and edge first (they close segments), then control (it commits their last reports), then PostgreSQL."""
        if self._decoders is not None:
            self._decoders.stop()
        late = self._stop_roles([role for role in self.roles if role.nice == 0])
        late += self._stop_roles([role for role in self.roles if role.nice])
        if self.database is not None and self.postgres is not None:
            self.database.stop()
        say("stopped", late=late)
        return 1 if late else 0

    def _stop_roles(self, roles: list[Role]) -> int:
        """How many had to be killed."""
        running = [(role, role.process) for role in roles if role.process is not None]
        for _, process in running:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        deadline = time.monotonic() + self.stop_s
        late = 0
        for role, process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                late += 1
                say("child did not stop, killing", child=role.name)
                process.kill()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(1.0)
        return late


def roles_of(config: NodeConfig) -> list[Role]:
    """Media first: what viewers and recordings need does not wait for the database. Raises CONFIG when a port is taken."""
    roles = [
        Role(f"worker-{index}", _module("worker"), index, {"link": listen_unix(path)}) for index, path in enumerate(config.worker_paths())
    ]
    ports = {"http": config.port} | ({"rtsp": config.rtsp_port} if config.rtsp_port else {})
    roles.append(Role("edge", _module("edge"), 0, {name: listen_tcp(config.host, port) for name, port in ports.items()}))
    if config.webrtc_viewers:
        roles.append(Role("rtc", _module("rtc"), 0, {"link": listen_unix(config.socket_path("rtc"))}, on_demand=True))
    sockets = {"link": listen_unix(config.socket_path("control")), "api": listen_unix(config.socket_path("api"))}
    roles.append(Role("control", _module("control"), 0, sockets, nice=CONTROL_NICE))
    return roles


def _module(name: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "vms.processes.start", f"vms.processes.{name}")


def take_node(run_dir: str) -> int:
    """The lock of the one root of this run directory, held for life: a second one would take the sockets of the first.

    Raises CONFLICT.
    """
    descriptor = os.open(Path(run_dir) / "root.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise VmsError(Kind.CONFLICT, "this node is running already; stop it first", run_dir=run_dir) from error
    return descriptor


def main() -> int:
    """Exit code 1 with one line when the node cannot begin."""
    config_path = sys.argv[1]
    config = load(Path(config_path))
    database = None
    if not config.database_url:
        binaries = Path(config.postgres_binaries) if config.postgres_binaries else None
        database = EmbeddedPostgres(Path(config.data_dir) / "postgres", Path(config.run_dir), binaries)
    try:
        take_node(config.run_dir)
        return Root(config_path, roles_of(config), database, listen_unix(config.socket_path("decoder"))).run()
    except VmsError as error:
        print(error.message, file=sys.stderr)  # noqa: T201
    except OSError as error:
        print(f"the node cannot start: {error}", file=sys.stderr)  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main())
