"""A node loses its database and gets it back from a backup that was made while it recorded: nothing on the volumes is missing,
people get in, cameras with passwords are recorded again, the journal says that its past was cut.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support.node import API, Node, now_us, serve, sim_cameras
from tests.support.wait import pass_time, wait_until

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(150)]

SECOND = 1_000_000


def vms(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "vms", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60)


def keys(folder: Path) -> tuple[Path, Path]:
    private, public = folder / "backup.key", folder / "backup.pub"
    subprocess.run(["openssl", "genpkey", "-algorithm", "X25519", "-out", private], check=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    return private, public


def back_up(node: Node, folder: Path, public: Path) -> Path:
    made = vms("backup", "--config", folder / "vms.toml", "--to", folder, "--recipient", public)
    assert made.returncode == 0, made.stderr
    (path,) = folder.glob("*.vmsbackup")
    assert node.process.poll() is None
    return path


def test_a_destroyed_database_comes_back_with_everything_that_lies_on_the_volumes() -> None:
    with tempfile.TemporaryDirectory(prefix="vms-") as top, sim_cameras(Path(top), 1, user="viewer", password="s3cret-of-cam") as base:
        folder = Path(top) / "node"
        private, public = keys(Path(top))
        with serve(folder) as node:
            camera = node.add_camera(f"{base}/cam/1/main", username="viewer", password="s3cret-of-cam")
            node.wait_recording([camera])
            from_us, token, epoch = now_us() + SECOND, node.token, node.get("/system")["epoch"]
            pass_time(3)
            backup = back_up(node, folder, public)
            pass_time(4)
            to_us = now_us() - 3 * SECOND
            assert node.stop() == 0
        with serve(folder) as node:
            before = node.timeline(camera, from_us, to_us)
            assert before.is_exact()
            assert not before.gaps
            rows = len(node.segments(camera, from_us, to_us))
            assert node.stop() == 0
        content = backup.read_bytes()
        assert b"s3cret-of-cam" not in content
        assert (node.data / "keys" / "envelope.key").read_bytes().split()[1] not in content
        assert vms("restore", backup, "--verify").returncode == 0
        refused = vms("restore", backup, "--config", folder / "vms.toml", "--identity", private)
        assert (refused.returncode, "holds a database" in refused.stderr) == (1, True)

        for lost in ("postgres", "keys", "node-id"):
            target = node.data / lost
            shutil.rmtree(target) if target.is_dir() else target.unlink()
        restored = vms("restore", backup, "--config", folder / "vms.toml", "--identity", private)
        assert restored.returncode == 0, restored.stderr
        with serve(folder) as node:
            node.http.headers["Authorization"] = f"Bearer {token}"
            assert node.http.get(f"{API}/me").status_code == 200
            wait_until("all rows", lambda: len(node.segments(camera, from_us, to_us)) >= rows, 15)
            assert node.timeline(camera, from_us, to_us) == before
            node.wait_recording([camera])
            wait_until("a new epoch", lambda: node.get("/system")["epoch"] > epoch, 5)
            assert node.stop() == 0
        found = node.check()
        assert {name: found[name] for name in ("missing", "orphan", "short", "changed", "chain_broken")} == dict.fromkeys(
            ("missing", "orphan", "short", "changed", "chain_broken"), 0
        )
        assert node.bad_log_lines() == []
