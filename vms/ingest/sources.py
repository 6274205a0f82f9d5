"""The kinds of source a camera URL may name; a scheme that is not here cannot be dialled."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    default_port: int
    tls: bool


SOURCES: dict[str, Source] = {
    "rtsp": Source(554, tls=False),
    "rtsps": Source(322, tls=True),
}
