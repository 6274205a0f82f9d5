"""From settings to a running node: what must exist before root starts, and the resolved configuration it reads.

In: data and run directories, the node's identity, volumes, the HTTPS certificate. Not here: parsing settings
(settings), starting processes (processes.root).
"""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from vms import __version__
from vms.base.errors import Kind, VmsError
from vms.base.ids import new_id
from vms.base.log import get_log
from vms.processes.config import NodeConfig, RetentionConfig, ViewingConfig, VolumeConfig, load, save
from vms.settings import Settings, ViewingSettings
from vms.storage.known import change_known, read_known
from vms.storage.taking import take_place

EVERY_ADDRESS = ("", "0.0.0.0", "::")  # noqa: S104  (names that no certificate can carry)
MAX_RUN_PATH = 80  # leaves room for the longest socket name within sun_path (unix(7))
"""Where a data directory's path is too long for sockets, they go to a short private one."""


def utc_offset_minutes(zone: str) -> int:
    """Of a time zone now: days of the completeness and the backup's hour begin by it until the next start."""
    offset = datetime.now(ZoneInfo(zone)).utcoffset()
    return 0 if offset is None else int(offset.total_seconds()) // 60


def resolve(settings: Settings, settings_path: Path | None = None) -> tuple[NodeConfig, Path]:
    """The node's configuration, saved; (config, path of the file). Raises CONFIG. A backup takes the settings file along."""
    data = settings.data_dir.absolute()
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    (data / "keys").mkdir(mode=0o700, exist_ok=True)
    run = run_dir(data)
    node_id = settings.node.id or _kept_id(data)
    certificate, key = _certificate(settings, data)
    config = NodeConfig(
        node_id=node_id,
        level=settings.node.level,
        name=settings.node.name,
        version=__version__,
        data_dir=str(data),
        run_dir=str(run),
        host=settings.http.host,
        port=settings.http.port,
        rtsp_port=settings.rtsp.port,
        tls_cert=certificate,
        tls_key=key,
        workers=settings.worker_count(os.cpu_count() or 1),
        time_zone=settings.node.time_zone,
        segment_seconds=settings.recording.segment_seconds,
        prerecord_bytes=settings.recording.prerecord_mb * 1024 * 1024,
        volumes=_volumes(settings, data, node_id),
        allow=settings.allow,
        database_url=settings.database.url,
        postgres_binaries=str(settings.database.binaries or ""),
        web_dir=str(web_dir()),
        log_format=settings.log.format,
        log_level=settings.log.level.upper(),
        scrub_bytes_per_s=settings.integrity.scrub_bytes_per_second,
        tsa_url=settings.integrity.tsa_url,
        tsa_ca=str(settings.integrity.tsa_ca.absolute()) if settings.integrity.tsa_ca else "",
        stamp_minutes=settings.integrity.stamp_minutes,
        decode_without_filter=settings.decode.without_filter,
        retention=RetentionConfig(**settings.retention.model_dump()),
        viewing=_viewing(settings.viewing),
        utc_offset_minutes=utc_offset_minutes(settings.node.time_zone),
        settings_path="" if settings_path is None else str(settings_path.absolute()),
        backup_folder="" if settings.backup.folder is None else str(settings.backup.folder.absolute()),
        backup_recipient="" if settings.backup.recipient is None else str(settings.backup.recipient.absolute()),
        backup_hour=settings.backup.hour,
        backup_keep=settings.backup.keep,
        webrtc_host=settings.webrtc.host,
        webrtc_ports=settings.webrtc.port_span,
        webrtc_viewers=settings.webrtc.viewers,
    )
    path = run / "node.json"
    save(config, path)
    return config, path


def _viewing(viewing: ViewingSettings) -> ViewingConfig:
    return ViewingConfig(viewing.max_views, viewing.max_views_per_user, viewing.max_views_per_camera, viewing.busy_percent)


def resolved(settings: Settings) -> NodeConfig:
    """The configuration of a node that was started before, for commands beside it. Raises CONFIG when there is none."""
    path = run_path(settings.data_dir.absolute()) / "node.json"
    if not path.exists():
        raise VmsError(Kind.CONFIG, "this data directory holds no node yet; start it with `vms serve`", path=str(path))
    return load(path)


def become_root(config_path: Path) -> None:
    """Replace this process by the node's root, which needs only the standard library."""
    os.execv(sys.executable, [sys.executable, "-m", "vms.processes.root", str(config_path)])  # noqa: S606


def run_path(data: Path) -> Path:
    """Where the sockets of the node in `data` are; nothing is made."""
    run = data / "run"
    if len(os.fsencode(run)) <= MAX_RUN_PATH:
        return run
    name = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"vms-{os.geteuid()}-{name}"


def run_dir(data: Path) -> Path:
    """The same, made and private. Raises CONFIG when somebody else was there first: a link in /tmp could lead anywhere."""
    run = run_path(data)
    run.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = run.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise VmsError(Kind.CONFIG, "the run directory belongs to somebody else; choose another data directory", path=str(run))
    run.chmod(0o700)
    return run


def web_dir() -> Path:
    """The built console: in the wheel beside the code, in a checkout under web/dist."""
    installed = Path(__file__).parent / "web_dist"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "web" / "dist"


def _kept_id(data: Path) -> str:
    """The node's id, made on first start and kept with its data."""
    path = data / "node-id"
    if not path.exists():
        part = path.with_name(".node-id.part")
        part.write_text(new_id() + "\n")
        part.replace(path)
    return path.read_text().strip()


def _volumes(settings: Settings, data: Path, node_id: str) -> tuple[VolumeConfig, ...]:
    """Those on the node's list. Only a node that never had one takes the configured places as they are; later ones are added
    by `vms volume add`, for an empty folder may be a disk that is not mounted."""
    places = [volume.path.absolute() for volume in settings.volumes] or [data / "recordings"]
    known = read_known(str(data))
    if known is None:
        taken = tuple(take_place(str(path), node_id) for path in places)
        known = change_known(str(data), lambda _: taken)
    for path in places if settings.volumes else ():
        if str(path) not in {volume.path for volume in known}:
            get_log("volumes").warning("this place is no volume of the node yet: say `vms volume add`", path=str(path))
    limits = {str(volume.path.absolute()): (volume.days, volume.max_bytes) for volume in settings.volumes}
    used = (volume for volume in known if not volume.retired)
    return tuple(VolumeConfig(volume.id, volume.path, *limits.get(volume.path, (None, None))) for volume in used)


def _certificate(settings: Settings, data: Path) -> tuple[str, str]:
    """Plain HTTP only when asked for; the settings allow that on loopback alone."""
    http = settings.http
    if http.tls_cert and http.tls_key:
        return str(http.tls_cert), str(http.tls_key)
    if not http.tls:
        return "", ""
    from vms.base.authority import ensure_server_certificate  # noqa: PLC0415  (a demo on plain HTTP starts without it)

    own = (socket.gethostname(), "localhost", "127.0.0.1")
    named = () if http.host in EVERY_ADDRESS else (http.host,)
    certificate, key = ensure_server_certificate(data / "tls", tuple(dict.fromkeys((*own, *named))))
    return str(certificate), str(key)
