"""The Transport and Session headers (RFC 2326 §12.39, §12.37)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DEFAULT_SESSION_S = 60
MIN_SESSION_S = 4
MAX_SESSION_S = 3600

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Transport:
    """One offer or agreement. `channels` for TCP, port pairs for UDP; `source` is where the peer says it sends from."""

    protocol: Literal["tcp", "udp"]
    channels: Pair | None = None
    client_ports: Pair | None = None
    server_ports: Pair | None = None
    ssrc: int | None = None
    source: str = ""

    def to_header(self) -> str:
        parts = ["RTP/AVP/TCP" if self.protocol == "tcp" else "RTP/AVP", "unicast"]
        if self.channels is not None:
            parts.append(f"interleaved={self.channels[0]}-{self.channels[1]}")
        if self.client_ports is not None:
            parts.append(f"client_port={self.client_ports[0]}-{self.client_ports[1]}")
        if self.server_ports is not None:
            parts.append(f"server_port={self.server_ports[0]}-{self.server_ports[1]}")
        if self.ssrc is not None:
            parts.append(f"ssrc={self.ssrc:08X}")
        return ";".join(parts)


def parse_transports(header: str) -> list[Transport]:
    """The unicast RTP offers this platform can serve, in the peer's order; what else stands there is left out."""
    offers = (_parse_one(part) for part in header.split(",")[:16])
    return [offer for offer in offers if offer is not None]


def parse_session(header: str) -> tuple[str, int]:
    """Session id and time-out in seconds; a missing or odd time-out is the RFC's 60 s."""
    name, _, rest = header.partition(";")
    timeout = DEFAULT_SESSION_S
    for parameter in rest.split(";"):
        key, _, value = parameter.partition("=")
        number = _number(value.strip())
        if key.strip().lower() == "timeout" and number is not None:
            timeout = min(max(number, MIN_SESSION_S), MAX_SESSION_S)
    return name.strip(), timeout


def _parse_one(text: str) -> Transport | None:
    spec, *parameters = (part.strip() for part in text.split(";"))
    protocol = {"RTP/AVP/TCP": "tcp", "RTP/AVP": "udp", "RTP/AVP/UDP": "udp"}.get(spec.upper())
    values: dict[str, str] = {}
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        values.setdefault(key.strip().lower(), value.strip().strip('"'))
    if protocol is None or "multicast" in values:
        return None
    return Transport(
        protocol="tcp" if protocol == "tcp" else "udp",
        channels=_pair(values.get("interleaved"), 255),
        client_ports=_pair(values.get("client_port"), 65535),
        server_ports=_pair(values.get("server_port"), 65535),
        ssrc=_hex(values.get("ssrc", "").replace(" ", "")),  # Hikvision writes `ssrc=  4d2`
        source=values.get("source", ""),
    )


def _pair(text: str | None, limit: int) -> Pair | None:
    first, _, second = (text or "").partition("-")
    low = _number(first.strip())
    if low is None:
        return None
    high = _number(second.strip())
    high = low + 1 if high is None else high
    return (low, high) if max(low, high) <= limit and low != high else None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def _hex(text: str) -> int | None:
    return int(text, 16) if text and len(text) <= 8 and set(text) <= set("0123456789abcdefABCDEF") else None
