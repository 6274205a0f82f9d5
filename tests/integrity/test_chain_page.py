"""docs/ref/chain.md lets a stranger verify a recording: its lines are run as printed, on what the interface answers."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.api.fakes import BEARER, FakeNode
from tests.integrity.authority import make_authority, serving
from tests.record.chunks import FRAME_US, T0_US, begin, chunks, fake_init
from vms.base.clock import ManualClock, SystemClock
from vms.base.db import Database
from vms.integrity.handlers import Proofs
from vms.integrity.signer import Signer
from vms.integrity.stamps import Stamper
from vms.integrity.tsa import Tsa
from vms.owner.integrity import ChainOf, IntegrityStatus, ProveSegment, Roots
from vms.owner.requests import Actor
from vms.record.chain import MINUTE_US
from vms.record.committer import commit_segments
from vms.record.models import Segment
from vms.record.seed import Seeder
from vms.storage.files import RealFiles
from vms.storage.volumes import open_volume

PAGE = Path(__file__).parents[2] / "docs" / "ref" / "chain.md"
CAMERA = "aaaaaaaa-0000-4000-8000-000000000001"
NODE = Actor("node", "node", "node")
FROM, TO = T0_US, T0_US + 10**9
pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(60)]


@dataclass(frozen=True)
class Given:
    """What a stranger holds: a folder with the answers, the segment file, the published fingerprint."""

    folder: Path
    file: Path
    fingerprint: str
    ca: Path

    def run(self, script: int, *arguments: str | Path) -> tuple[int, str]:
        lines = re.findall(r"```bash\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)[script]
        done = subprocess.run(
            ["bash", "-c", lines, "sh", *map(str, arguments)], cwd=self.folder, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.stderr

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))


@pytest.fixture
def given(database: Database, tmp_path: Path) -> Generator[Given]:
    volume = open_volume(str(tmp_path / "volume"), "node-1", RealFiles(), create=True)
    seeder = Seeder(volume, SystemClock(), segment_us=30 * FRAME_US, file_init=fake_init)
    seeder.add(CAMERA, "main", begin(), chunks(150, per_chunk=10))
    with database.transaction() as session:
        commit_segments(session, seeder.finish())
    clock = ManualClock(SystemClock().wall_us() // MINUTE_US * MINUTE_US + MINUTE_US)
    (tmp_path / "keys").mkdir()
    with serving(make_authority(tmp_path / "tsa")) as authority:
        signer = Signer(database, "node-1", tmp_path / "keys", clock)
        signer.step()
        assert Stamper(database, "node-1", Tsa(authority.url, authority.ca), clock, 10).step() == 1
    with database.transaction() as session:
        row = session.scalars(select(Segment).order_by(Segment.start_us).offset(2)).first()
    assert row is not None
    answers = _answers(database, Proofs(lambda _s, key: key, clock, stamping=True, scrub_bytes_per_s=0), row.id)
    for name, answer in answers.items():
        (tmp_path / name).write_text(json.dumps(answer))
    yield Given(tmp_path, Path(volume.absolute(row.path)), answers["integrity.json"]["keys"][0]["fingerprint"], authority.ca)
    volume.close()


def _answers(database: Database, proofs: Proofs, segment: str) -> dict[str, Any]:
    """As the HTTP interface words them."""
    node = FakeNode()
    clock_us = SystemClock().wall_us()
    with database.transaction() as session:
        node.owner.answers = {
            ChainOf: proofs.chain(session, NODE, ChainOf(CAMERA, "main", FROM, TO)),
            ProveSegment: proofs.prove(session, NODE, ProveSegment(CAMERA, segment)),
            IntegrityStatus: proofs.status(session, NODE, IntegrityStatus()),
            Roots: proofs.roots(session, NODE, Roots(clock_us - 10 * MINUTE_US, clock_us + 10 * MINUTE_US)),
        }
    span = f"from={FROM}&to={TO}"
    paths = {
        "chain.json": f"cameras/{CAMERA}/chain?{span}",
        "proof.json": f"cameras/{CAMERA}/segments/{segment}/proof",
        "integrity.json": "integrity",
        "roots.json": f"integrity/roots?{span}",
    }
    found = {name: node.client.get(f"/api/v1/{path}", headers=BEARER).json() for name, path in paths.items()}
    return found | {"root.json": found["roots.json"]["items"][0]}


def test_the_lines_of_the_page_verify_a_segment_and_its_stamp(given: Given) -> None:
    code, said = given.run(0, given.file, given.fingerprint)
    assert (code, said[:11]) == (0, "holds since")
    assert given.run(1, "root.json", given.ca)[0] == 0


def test_the_lines_of_the_page_find_what_was_changed(given: Given) -> None:
    whole = given.file.read_bytes()
    given.file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert given.run(0, given.file, given.fingerprint) == (1, "the file was changed")
    given.file.write_bytes(whole)
    assert given.run(0, given.file, "0" * 64) == (1, "signed by another key")
    proof = json.loads((given.folder / "proof.json").read_text())
    for name, old, new, said in (
        ("chain.json", '\\"gop_count\\":3', '\\"gop_count\\":4', "the chain is broken before record 2"),
        ("proof.json", proof["path"][0]["hash"], "0" * 64, "the record is not under the root"),
        ("proof.json", proof["root"]["signature"][:20], "A" * 20, "the signature does not hold"),
    ):
        given.edit(name, old, new)
        assert given.run(0, given.file, given.fingerprint) == (1, said)
        given.edit(name, new, old)
    assert given.run(0, given.file, given.fingerprint)[0] == 0


def test_a_stamp_over_another_signature_does_not_verify(given: Given) -> None:
    root = json.loads((given.folder / "root.json").read_text())
    given.edit("root.json", root["signature"][:20], "A" * 20)
    assert given.run(1, "root.json", given.ca)[0] != 0
