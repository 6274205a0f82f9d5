"""The past is written for who has none of it, beside the running demo, and goes into the index once it is whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vms.app import resolve
from vms.base.errors import Kind, VmsError
from vms.demo.client import NodeClient
from vms.demo.options import Kept
from vms.demo.past import PastJob
from vms.demo.seeding import Seeding, begin
from vms.processes.config import NodeConfig
from vms.settings import HttpSettings, Settings

SPAN_US = (1_700_000_000_000_000, 1_700_000_004_000_000)
KEPT = Kept(8554, {"1": "has-it", "2": "has-none"}, SPAN_US)


class Client(NodeClient):
    """A node whose first camera has its past already."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9", "token")
        self.posted: list[str] = []

    def get(self, path: str, **query: str | int) -> dict[str, Any]:
        return {"recorded": [{}] if "has-it" in path else [], "gaps": []}

    def post(self, path: str, body: dict[str, Any], **headers: str) -> dict[str, Any]:
        self.posted.append(path)
        return {"added": 1}


def seed(tmp_path: Path, client: NodeClient) -> tuple[NodeConfig, Seeding]:
    config, _ = resolve(Settings(data_dir=tmp_path, http=HttpSettings(tls=False)))
    seeding = begin(client, config, KEPT, SPAN_US, tmp_path / "run")
    seeding.child.process.wait(60)
    return config, seeding


def test_it_is_written_for_the_cameras_that_have_none_and_then_adopted(tmp_path: Path) -> None:
    client = Client()
    config, seeding = seed(tmp_path, client)
    assert [camera.camera for camera in PastJob.load(tmp_path / "run" / "past.json").cameras] == ["has-none"]
    assert seeding.ended()
    assert seeding.adopt() == 1
    assert client.posted == [f"/volumes/{config.volumes[0].id}/rescan"]
    files = [path for path in Path(config.volumes[0].path).rglob("*.mp4") if path.stat().st_size]
    assert files
    assert all("has-none" in str(path) for path in files)


def test_a_writer_that_failed_is_told_and_nothing_is_adopted(tmp_path: Path) -> None:
    client = Client()
    _, seeding = seed(tmp_path, client)
    seeding.child.process.returncode = -9
    with pytest.raises(VmsError) as failed:
        seeding.adopt()
    assert failed.value.kind is Kind.IO_ERROR
    assert "past.log" in failed.value.message
    assert client.posted == []
