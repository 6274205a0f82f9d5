"""The resolved configuration that root hands to its children: a JSON file (0600), read with the standard library.

Settings are validated once, by the command line (vms.settings); children trust this file. Not here: defaults.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class VolumeConfig:
    """One place for segment files; `id` is the identity file's uuid."""

    id: str
    path: str
    days: int | None = None
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class RetentionConfig:
    """How long recordings stay and how much room is kept free (settings `[retention]`)."""

    days: int = 0
    least_days: int = 30
    free_bytes: int = 2 * 1024**3
    free_percent: float = 5.0


@dataclass(frozen=True, slots=True)
class ViewingConfig:
    """How many may watch at once (settings `[viewing]`)."""

    node: int = 2000
    user: int = 1500
    camera: int = 1500
    busy_percent: int = 90


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """Everything a child process must know. Paths are absolute."""

    node_id: str
    level: str
    name: str
    version: str
    data_dir: str
    run_dir: str
    host: str
    port: int
    tls_cert: str
    tls_key: str
    workers: int
    time_zone: str
    segment_seconds: float
    prerecord_bytes: int
    volumes: tuple[VolumeConfig, ...]
    allow: tuple[str, ...]
    database_url: str
    postgres_binaries: str
    web_dir: str
    log_format: Literal["json", "console"]
    log_level: str
    scrub_bytes_per_s: int = 0
    decode_without_filter: bool = False
    tsa_url: str = ""
    tsa_ca: str = ""
    stamp_minutes: int = 10
    rtsp_port: int = 0
    retention: RetentionConfig = RetentionConfig()
    viewing: ViewingConfig = ViewingConfig()
    utc_offset_minutes: int = 480
    settings_path: str = ""
    backup_folder: str = ""
    backup_recipient: str = ""
    backup_hour: int = 3
    backup_keep: int = 7
    webrtc_host: str = ""
    webrtc_ports: tuple[int, int] | None = None
    webrtc_viewers: int = 100

    @property
    def secure(self) -> bool:
        return bool(self.tls_cert)

    def socket_path(self, name: str) -> str:
        return str(Path(self.run_dir) / f"{name}.sock")

    def worker_paths(self) -> tuple[str, ...]:
        return tuple(self.socket_path(f"worker-{index}") for index in range(self.workers))


def save(config: NodeConfig, path: Path) -> None:
    """Owner-only rights before its first byte, and in place whole: a child may be reading the one before."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(config), file)
    part.replace(path)


def load(path: Path) -> NodeConfig:
    raw = json.loads(path.read_text())
    raw["volumes"] = tuple(VolumeConfig(**volume) for volume in raw["volumes"])
    raw["allow"] = tuple(raw["allow"])
    raw["webrtc_ports"] = tuple(raw["webrtc_ports"]) if raw.get("webrtc_ports") else None
    raw["retention"] = RetentionConfig(**raw["retention"])
    raw["viewing"] = ViewingConfig(**raw["viewing"])
    return NodeConfig(**raw)
