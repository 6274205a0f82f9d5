"""Which address may be dialled for a camera URL: one strict reading, one resolution, every address judged.

The judged address is what gets connected; the name is never resolved again (skeleton.md, invariant 10).
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from vms.base.errors import Kind, VmsError
from vms.ingest.sources import SOURCES, Source

RESOLVE_TIMEOUT_S = 5.0
MAX_URL = 2048
MAX_ADDRESSES = 32

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network

# Strict on purpose: no user part, no fragment, no backslash, nothing but ASCII, so no other reading is possible.
_URL = re.compile(
    r"(?P<scheme>[a-z]+)://(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?\])(:(?P<port>\d{1,5}))?(?P<rest>[/?][!-~]*)?"
)
_NEVER: tuple[IpNetwork, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "224.0.0.0/4",
        "255.255.255.255/32",
        "169.254.169.254/32",  # cloud metadata, as the next two
        "100.100.100.200/32",
        "fd00:ec2::254/128",
        "::/128",
        "ff00::/8",
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")


@dataclass(frozen=True, slots=True)
class Target:
    """A camera URL, read. `host` is without brackets."""

    url: str
    source: Source
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Address:
    """A judged address, ready for `connect`."""

    family: socket.AddressFamily
    sockaddr: tuple[str, int] | tuple[str, int, int, int]

    @property
    def ip(self) -> str:
        return self.sockaddr[0]


Resolver = Callable[[str, int, int], list[tuple[int, str, int]]]


def read_url(url: str) -> Target:
    """Raises NOT_ALLOWED for anything but a plain rtsp or rtsps URL."""
    match = _URL.fullmatch(url) if len(url) <= MAX_URL else None
    source = SOURCES.get(match["scheme"]) if match else None
    if match is None or source is None or "\\" in url or "#" in url:
        raise VmsError(Kind.NOT_ALLOWED, "the address must read rtsp://host[:port]/path, without user and password")
    port = int(match["port"] or source.default_port)
    if not 0 < port < 65536:
        raise VmsError(Kind.NOT_ALLOWED, "the port is out of range", port=port)
    return Target(url, source, match["host"].strip("[]"), port)


def read_allow(cidrs: Iterable[str]) -> tuple[IpNetwork, ...]:
    """Raises NOT_ALLOWED for a network that is none: a list with a hole would be worse."""
    try:
        return tuple(ip_network(cidr, strict=False) for cidr in cidrs)
    except ValueError as error:
        raise VmsError(Kind.NOT_ALLOWED, "the list of allowed networks holds something that is no network") from error


def unwrap(address: IpAddress) -> list[IpAddress]:
    """The address and every address that hides in it, outermost first; a mapped IPv4 address stands for itself alone."""
    chain: list[IpAddress] = []
    current: IpAddress | None = address
    while current is not None:
        inner = _inner(current) if isinstance(current, IPv6Address) else None
        if not (isinstance(current, IPv6Address) and current.ipv4_mapped is not None):
            chain.append(current)
        current = inner
    return chain


def is_allowed(text: str, allow: Sequence[IpNetwork]) -> bool:
    """Every layer of the address is inside the list and none is an address that no camera has."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return all(_contains(allow, layer) and not _contains(_NEVER, layer) for layer in unwrap(address))


async def judge(target: Target, allow: Sequence[IpNetwork], resolver: Resolver | None = None) -> Address:
    """Resolve once; all addresses must be allowed. Raises NOT_ALLOWED or UNREACHABLE."""
    found = await _resolve(target, resolver or _getaddrinfo)
    if not found:
        raise VmsError(Kind.UNREACHABLE, "the camera's host name has no address")
    if len(found) > MAX_ADDRESSES or not all(is_allowed(ip, allow) for _, ip, _ in found):
        raise VmsError(Kind.NOT_ALLOWED, "the camera's address lies outside the allowed networks")
    _, ip, scope = found[0]
    plain = ip_address(ip.partition("%")[0])
    if isinstance(plain, IPv6Address) and plain.ipv4_mapped is not None:
        plain = plain.ipv4_mapped
    if isinstance(plain, IPv4Address):
        return Address(socket.AF_INET, (str(plain), target.port))
    return Address(socket.AF_INET6, (str(plain), target.port, 0, scope))


async def _resolve(target: Target, resolver: Resolver) -> list[tuple[int, str, int]]:
    try:
        return resolver(target.host, target.port, socket.AI_NUMERICHOST)  # numbers need no thread and no name server
    except OSError:
        pass
    loop = asyncio.get_running_loop()
    try:
        return await asyncio.wait_for(loop.run_in_executor(None, resolver, target.host, target.port, 0), RESOLVE_TIMEOUT_S)
    except TimeoutError as error:
        raise VmsError(Kind.UNREACHABLE, "the name server does not answer") from error
    except (OSError, UnicodeError) as error:
        raise VmsError(Kind.UNREACHABLE, "the camera's host name cannot be resolved") from error


def _getaddrinfo(host: str, port: int, flags: int) -> list[tuple[int, str, int]]:
    """(family, address, scope id) of every stream address."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [(int(family), str(address[0]), int(address[3]) if len(address) == 4 else 0) for family, _, _, _, address in found]


def _inner(address: IPv6Address) -> IpAddress | None:
    """The IPv4 address that this one leads to by mapping or tunnel."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _contains(networks: Sequence[IpNetwork], address: IpAddress) -> bool:
    return any(address.version == network.version and address in network for network in networks)
