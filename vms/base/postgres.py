"""The embedded PostgreSQL: made once, run as a direct child, reached over a Unix socket with a password.

In: initdb, configuration, start, readiness, stop, what a crash left behind. Standard library only, because the root
process imports it. Not here: which server programs (postgres_binaries), connections and SQL (db), tables (migrations).
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from vms.base import as_child
from vms.base.errors import Kind, VmsError
from vms.base.postgres_binaries import find_binaries

ROLE = "vms"
DATABASE = "vms"
_MAX_SOCKET_PATH_BYTES = 107  # sun_path holds 108 with the final zero (unix(7))
_SOCKET = ".s.PGSQL.5432"
_STOP_S = 20.0
_ORPHAN_S = 3.0
_MAX_LOG_BYTES = 10_000_000
_INITDB = ("--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256", "--username=postgres", "--no-sync", "--no-instructions")
_SETTINGS: dict[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "wal_compression": "on",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "autovacuum": "on",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_lock_waits": "on",
    "log_checkpoints": "off",
    "jit": "off",
}


class EmbeddedPostgres:
    """One server on one data directory. `prepare()`, `popen()`, `wait_ready()`, `stop()`, in this order.

    The server dies with the *thread* that called `popen`: call it from the main one.
    """

    def __init__(self, data_dir: Path, run_dir: Path, binaries: Path | None = None, settings: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir.resolve()
        self.run_dir = run_dir.resolve()
        self.log_path = self.data_dir.with_name(f"{self.data_dir.name}.log")
        self.process: subprocess.Popen[bytes] | None = None
        self._binaries_setting = binaries
        self._binaries: Path | None = None
        self._settings = {**_SETTINGS, "unix_socket_directories": str(self.run_dir), **(settings or {})}
        self._lock: int | None = None

    def url(self, database: str = DATABASE) -> str:
        """For SQLAlchemy; libpq reads the password from the file, so the URL holds none."""
        places = f"host={quote(str(self.run_dir), '')}&passfile={quote(str(self._passfile), '')}"
        return f"postgresql+psycopg://{ROLE}@/{database}?{places}"

    @property
    def is_new(self) -> bool:
        """Whether `prepare` will have to make the data directory."""
        return not (self.data_dir / "PG_VERSION").exists()

    def prepare(self) -> None:
        """Take the data directory, make it when new, write the configuration.

        Raises CONFIG when it cannot work here, CONFLICT when another node uses the directory.
        """
        if len(os.fsencode(self.run_dir / _SOCKET)) > _MAX_SOCKET_PATH_BYTES:
            remedy = "the run directory's path is too long for a Unix socket: choose a shorter one"
            raise VmsError(Kind.CONFIG, remedy, path=str(self.run_dir), limit_bytes=_MAX_SOCKET_PATH_BYTES)
        self.run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        self._take_lock()
        new = self.is_new
        self._binaries = find_binaries(self._binaries_setting, None if new else int((self.data_dir / "PG_VERSION").read_text()))
        if new:
            self._create()
        self._configure(self.data_dir)

    def popen(self) -> subprocess.Popen[bytes]:
        """Clear what a crash left and start the server as a direct child; its own messages go to `log_path`.

        Again after the server ended, without `prepare`.
        """
        self._clear_leftovers()
        if self.log_path.exists() and self.log_path.stat().st_size > _MAX_LOG_BYTES:
            self.log_path.replace(self.log_path.with_suffix(".log.1"))
        log = os.open(self.log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self.process = subprocess.Popen(
                self._command("postgres", "-D", str(self.data_dir)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
                start_new_session=True,  # an interrupt from the terminal is for root, which stops the server last
            )
        finally:
            os.close(log)
        return self.process

    def wait_ready(self, timeout_s: float = 60.0) -> None:
        """Return when a client can sign in; recovery after a crash may take its time.

        Raises UNAVAILABLE with the server's last words.
        """
        until = time.monotonic() + timeout_s
        while not self.accepts():
            stopped = self.process is not None and self.process.poll() is not None
            if stopped or time.monotonic() > until:
                what = "stopped while starting" if stopped else f"is not ready after {timeout_s:g} s"
                raise VmsError(Kind.UNAVAILABLE, f"PostgreSQL {what}: {self._last_words()}", log=str(self.log_path))
            time.sleep(0.01)

    def accepts(self) -> bool:
        """Whether the server asks for a password, which is the first thing it does when it is ready."""
        parameters = f"user\0{ROLE}\0database\0{DATABASE}\0\0".encode()
        packet = (len(parameters) + 8).to_bytes(4) + (196_608).to_bytes(4) + parameters  # protocol 3.0
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(1.0)
            try:
                connection.connect(str(self.run_dir / _SOCKET))
                connection.sendall(packet)
                return connection.recv(1024).startswith(b"R")
            except OSError:
                return False

    def stop(self) -> None:
        """Stop within 20 s: politely, then at once; then let another node have the directory."""
        if self.process is not None:
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):  # fast, immediate, never
                if self.process.poll() is None:
                    self.process.send_signal(number)
                with suppress(subprocess.TimeoutExpired):
                    self.process.wait(_STOP_S)
                    break
            self.process = None
        self.forsake()

    def forsake(self) -> None:
        """Give up the directory without stopping the server; the next start by anyone ends it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def _passfile(self) -> Path:
        return self.data_dir / "vms.pgpass"

    def _command(self, program: str, *arguments: str) -> list[str]:
        assert self._binaries is not None, "prepare() first"  # noqa: S101 a programming fault
        launcher = [sys.executable, "-I", "-S", str(Path(as_child.__file__)), str(os.getpid()), _namespace_uid()]
        return [*launcher, str(self._binaries / program), *arguments]

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        descriptor = os.open(self.data_dir.with_name(f"{self.data_dir.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise VmsError(Kind.CONFLICT, "another node uses this data directory: stop it first", path=str(self.data_dir)) from error
        self._lock = descriptor

    def _create(self) -> None:
        """Make everything beside and rename it, so that a crash leaves no half-made directory."""
        draft = self.data_dir.with_name(f"{self.data_dir.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        owner, app = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        pwfile = self.run_dir / "initdb.password"
        _write_private(pwfile, owner)
        try:
            self._run("initdb", "-D", str(draft), f"--pwfile={pwfile}", *_INITDB)
        finally:
            pwfile.unlink()
        self._configure(draft)
        statements = (
            f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{app}'",
            f"ALTER DATABASE postgres RENAME TO {DATABASE}",  # takes no copy, as CREATE DATABASE would
            f"ALTER DATABASE {DATABASE} OWNER TO {ROLE}",
            "REVOKE ALL ON DATABASE template1 FROM PUBLIC",
        )
        self._run("postgres", "--single", "-c", "fsync=off", "-D", str(draft), "template1", text="".join(f"{s}\n" for s in statements))
        _write_private(draft / self._passfile.name, f"*:*:*:{ROLE}:{app}\n*:*:*:postgres:{owner}\n")
        if self._settings["fsync"] == "on":
            _sync_file_system(draft)  # once, at the end, is cheaper than a thousand files one by one
        draft.rename(self.data_dir)
        _sync_directory(self.data_dir.parent)

    def _run(self, program: str, *arguments: str, text: str = "") -> None:
        command = self._command(program, *arguments)
        done = subprocess.run(command, input=text, capture_output=True, text=True, env=_environment(), check=False)
        if done.returncode != 0 or "ERROR:" in done.stderr:
            told = done.stderr.strip()[-400:] + _namespace_remedy(done.stderr)
            raise VmsError(Kind.CONFIG, f"{program} failed: {told}", path=str(self.data_dir))

    def _configure(self, data_dir: Path) -> None:
        lines = ["# Written at every start: change the node's settings instead."]
        lines += [f"{name} = '{value}'" for name, value in self._settings.items()]
        _write_private(data_dir / "postgresql.conf", "\n".join(lines) + "\n")
        _write_private(data_dir / "pg_hba.conf", "local all all scram-sha-256\n")

    def _clear_leftovers(self) -> None:
        """We hold the lock, so whatever still runs on the directory is an orphan, and lock files name dead processes.

        PostgreSQL itself trusts the number in its lock files, which another process may have by now.
        """
        until = time.monotonic() + _ORPHAN_S
        while orphans := _servers_in(self.data_dir):
            number = signal.SIGKILL if time.monotonic() > until else signal.SIGQUIT
            for pid in orphans:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            time.sleep(0.05)
        for leftover in (self.data_dir / "postmaster.pid", self.run_dir / _SOCKET, self.run_dir / f"{_SOCKET}.lock"):
            leftover.unlink(missing_ok=True)

    def _last_words(self) -> str:
        lines = self.log_path.read_text(errors="replace").strip().splitlines() if self.log_path.exists() else []
        told = " / ".join(lines[-3:])
        return told + _namespace_remedy(told)


def _servers_in(data_dir: Path) -> list[int]:
    """Processes of a server on `data_dir`: they all work in it."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # gone meanwhile, or not ours
                if (entry / "cwd").readlink() == data_dir and (entry / "exe").readlink().name.startswith("postgres"):
                    found.append(int(entry.name))
    return found


def _namespace_uid() -> str:
    """The user to be inside a namespace: PostgreSQL refuses root and users without a name. `-` for none."""
    names = {entry.pw_uid for entry in pwd.getpwall()}
    if os.geteuid() != 0 and os.geteuid() in names:
        return "-"
    overflow = 65_534  # whoever is not mapped looks like this one
    return str(min(names - {0, overflow}, default=0) or "-")


def _namespace_remedy(told: str) -> str:
    if "unshare" not in told and "_map" not in told:
        return ""
    return " (PostgreSQL refuses root, and this system forbids user namespaces: start as an ordinary user, or give a database URL)"


def _environment() -> dict[str, str]:
    """Nothing of the caller's PG… variables or locale reaches the server."""
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _sync_file_system(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(path))
    finally:
        os.close(descriptor)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
