"""The signed completeness statement: canonical JSON, a raw Ed25519 signature, and what a stranger needs to verify it.

Canonical is the RFC 8785 subset of strings, integers below 2^53, null, true, false, arrays and objects with ASCII keys; for it
sorted keys without spaces are the canonical bytes. Not here: the figures (figures), tables for people (tables).
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vms.base.node_key import fingerprint, node_signing_key, public_pem
from vms.base.timespan import SECOND_US, format_time
from vms.completeness.about import About
from vms.completeness.figures import JOINED_US, NOT_PLANNED
from vms.completeness.tables import as_csv, as_html
from vms.owner.completeness import CameraDays, Figures

TYPE = "completeness-statement"
VERIFY = """\
# Verify · 验证

    openssl pkeyutl -verify -rawin -pubin -inkey node.pub -in statement.json -sigfile statement.json.ed25519
    openssl pkey -pubin -in node.pub -outform DER | sha256sum
    sha256sum -c --strict SHA256SUMS

The first line answers `Signature Verified Successfully` (OpenSSL 3.0 or newer). The second prints the fingerprint of the node's key:
compare it with the one that the node's operator made known, not with this package. The tables are for reading; what is signed is
`statement.json`.

第一行应输出 `Signature Verified Successfully`（OpenSSL 3.0 及以上）。第二行输出节点公钥指纹，请与节点运维单位另行公布的指纹比对，
不要与本包内的内容比对。表格仅供阅读，签名对象是 `statement.json`。
"""


def canonical(value: Mapping[str, Any]) -> bytes:
    """RFC 8785 bytes of a value within the subset."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def statement(about: About, sums: Figures, cameras: Sequence[CameraDays], key_sha256: str) -> dict[str, Any]:
    """The statement's fields; docs/ref/completeness.md names them."""
    return {
        "type": TYPE,
        "version": 1,
        "node": {"id": about.node_id, "name": about.node_name, "level": about.level, "key_sha256": key_sha256},
        "made_at": format_time(about.made_us),
        "made_by": about.made_by,
        "from_day": about.from_day,
        "to_day": about.to_day,
        "utc_offset_minutes": about.offset_us // (60 * SECOND_US),
        "region": None if about.region_id is None else {"id": about.region_id, "name": about.region_name},
        "rules": {"not_planned": sorted(NOT_PLANNED), "joined_us": JOINED_US, "rate": "(recorded_us + joined_us) / planned_us"},
        "waiting": about.waiting,
        "total": _figures(sums),
        "cameras": [
            {
                "id": camera.camera,
                "code": camera.code,
                "name": camera.name,
                "profile": camera.profile,
                "total": _figures(camera.total),
                "days": [{"day": d.day, "read_at": format_time(d.read_us), **_figures(d.figures)} for d in camera.days],
            }
            for camera in cameras
        ],
    }


def package(keys: Path, about: About, sums: Figures, cameras: Sequence[CameraDays]) -> bytes:
    """A ZIP that stores: statement, signature, public key, tables in both languages, how to verify."""
    key = node_signing_key(keys)
    said = canonical(statement(about, sums, cameras, fingerprint(key.public_key())))
    files = {
        "statement.json": said,
        "statement.json.ed25519": key.sign(said),
        "node.pub": public_pem(key.public_key()),
        "completeness.zh.csv": as_csv(about, cameras, "zh"),
        "completeness.en.csv": as_csv(about, cameras, "en"),
        "completeness.zh.html": as_html(about, sums, cameras, "zh"),
        "completeness.en.html": as_html(about, sums, cameras, "en"),
        "VERIFY.md": VERIFY.encode(),
    }
    files["SHA256SUMS"] = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items()).encode()
    made = datetime.fromtimestamp((about.made_us + about.offset_us) // SECOND_US, UTC).timetuple()[:6]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, made), content)
    return packed.getvalue()


def _figures(told: Figures) -> dict[str, Any]:
    return {**told._asdict(), "gaps": dict(told.gaps)}
