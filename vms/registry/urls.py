"""Camera URLs: parse, split off credentials, mask passwords, judge an address against the allow-list.

Pure; the worker may use it too. Not here: resolving a name (the puller does it once and judges the address again).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from vms.base.errors import Kind, VmsError

MAX_URL_CHARS = 2048
SCHEMES = ("rtsp", "rtsps")
DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322}  # RFC 7826 §22.14
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
# Some makers take the password in the path or query: `/user=admin_password=x_channel=1`, `?user=admin&pwd=x`.
_SECRET = re.compile(r"(?i)(?<![a-z])(password|passwd|pass|pwd|psw)=([^&_/;]+)")
MASK = "***"


class CameraUrl(NamedTuple):
    """A camera's address without user and password; `username` and `password` are what the URL carried."""

    url: str
    host: str
    port: int
    username: str | None
    password: str | None


def parse_camera_url(text: str) -> CameraUrl:
    """Take an RTSP URL apart. Raises BAD_REQUEST; the message never holds the URL, which may hold a password."""
    if len(text) > MAX_URL_CHARS:
        raise _bad(f"is longer than {MAX_URL_CHARS} characters")
    if _FORBIDDEN.search(text):
        raise _bad("holds a space, a control character or a backslash; percent-encode it")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise _bad("is not well formed; percent-encode special characters in user and password") from error
    if parts.scheme not in SCHEMES:
        raise _bad("must begin with rtsp:// or rtsps://")
    if parts.fragment:
        raise _bad("holds '#'; percent-encode it as %23")
    if not parts.hostname:
        raise _bad("names no host")
    if port == 0:
        raise _bad("names port 0")
    return CameraUrl(_without_userinfo(parts), parts.hostname, port or DEFAULT_PORTS[parts.scheme], *_userinfo(parts))


def mask(url: str) -> str:
    """The URL as it may be shown: a password inside path or query becomes `***`."""
    return _SECRET.sub(rf"\1={MASK}", url)


def literal_address(host: str) -> IPv4Address | IPv6Address | None:
    """The host as an address when it is written as one; an IPv4 address inside IPv6 counts as IPv4."""
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def admits(allow: Sequence[str], address: IPv4Address | IPv6Address) -> bool:
    """Whether one of the networks `allow` (CIDR) holds the address."""
    return any(address in ip_network(network) for network in allow)


def check_allowed(allow: Sequence[str], host: str, place: str) -> None:
    """Refuse a literal address outside the allow-list. Raises NOT_ALLOWED naming the place; names are judged when pulled."""
    address = literal_address(host)
    if address is not None and not admits(allow, address):
        raise VmsError(
            Kind.NOT_ALLOWED,
            f"{place} is outside the camera networks of this node; see the setting cameras.allow",
            place=place,
            address=str(address),
        )


def _without_userinfo(parts: SplitResult) -> str:
    authority = parts.netloc.rpartition("@")[2]
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{authority}{parts.path}{query}"


def _userinfo(parts: SplitResult) -> tuple[str | None, str | None]:
    if "@" not in parts.netloc:
        return None, None
    user, colon, password = parts.netloc.rpartition("@")[0].partition(":")
    return unquote(user), unquote(password) if colon else None


def _bad(reason: str) -> VmsError:
    return VmsError(Kind.BAD_REQUEST, f"the camera's URL {reason}")
