"""Every trick of the address list, with a resolver of its own; nothing is dialled."""

from __future__ import annotations

import asyncio
import socket

import pytest

from vms.base.errors import Kind, VmsError
from vms.ingest.addresses import MAX_ADDRESSES, MAX_URL, Address, is_allowed, judge, read_allow, read_url

LOOPBACK = read_allow(["127.0.0.0/8"])
SITE = read_allow(["198.51.100.0/24", "2001:db8:1::/48"])


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("rtsp://198.51.100.7/live?x=1&y=%20", "198.51.100.7", 554),
        ("rtsp://camera-7.example.org:8554", "camera-7.example.org", 8554),
        ("rtsps://[2001:db8::1]/x", "2001:db8::1", 322),
    ],
)
def test_plain_url_is_read(url: str, host: str, port: int) -> None:
    target = read_url(url)
    assert (target.host, target.port, target.url) == (host, port, url)


@pytest.mark.parametrize(
    "url",
    [
        "http://198.51.100.7/",
        "file:///etc/passwd",
        "RTSP://198.51.100.7/",
        "rtsp://user:pw@198.51.100.7/",
        "rtsp://198.51.100.7@127.0.0.1/",
        "rtsp://127.0.0.1#@198.51.100.7/",
        "rtsp://198.51.100.7\\@127.0.0.1/",
        "rtsp://198.51.100.7\t/",
        "rtsp://198.51.100.7/a b",
        "rtsp://198.51.100.7/\r\nX: y",
        "rtsp://①②⑦.⓪.⓪.①/",
        "rtsp://127。0。0。1/",
        "rtsp://198.51.100.7:0/",
        "rtsp://198.51.100.7:70000/",
        "rtsp:///x",
        "rtsp://198.51.100.7/" + "x" * MAX_URL,
        "exec:ffmpeg",
        "",
    ],
)
def test_url_of_any_other_form_is_not_allowed(url: str) -> None:
    with pytest.raises(VmsError) as error:
        read_url(url)
    assert error.value.kind is Kind.NOT_ALLOWED


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("198.51.100.7", True),
        ("198.51.101.7", False),
        ("2001:db8:1::5", True),
        ("::ffff:198.51.100.7", True),
        ("::ffff:127.0.0.1", False),
        ("::ffff:7f00:1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("::127.0.0.1", False),
        ("::1", False),
        ("::", False),
        ("127.0.0.1", False),
        ("no address", False),
    ],
)
def test_address_is_judged_with_everything_that_hides_in_it(address: str, allowed: bool) -> None:
    assert is_allowed(address, SITE) is allowed


@pytest.mark.parametrize(
    "address",
    ["0.0.0.0", "224.0.0.1", "169.254.169.254", "100.100.100.200", "fd00:ec2::254", "255.255.255.255", "ff02::1", "::"],  # noqa: S104
)
def test_some_addresses_no_list_can_allow(address: str) -> None:
    assert not is_allowed(address, read_allow(["0.0.0.0/0", "::/0"]))


@pytest.mark.parametrize("tunnel", ["64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:80ff:fffe", "::127.0.0.1"])
def test_tunnel_needs_both_its_ends_allowed(tunnel: str) -> None:
    assert not is_allowed(tunnel, read_allow(["::/0"]))
    assert is_allowed(tunnel, read_allow(["::/0", "127.0.0.0/8"]))


@pytest.mark.parametrize("host", ["0x7f000001", "2130706433", "127.1", "0x7f.1", "0177.0.0.1", "017700000001"])
def test_odd_spellings_of_a_number_are_what_they_resolve_to(host: str) -> None:
    found = asyncio.run(judge(read_url(f"rtsp://{host}/"), LOOPBACK))
    assert found == Address(socket.AF_INET, ("127.0.0.1", 554))
    with pytest.raises(VmsError) as error:
        asyncio.run(judge(read_url(f"rtsp://{host}/"), SITE))
    assert error.value.kind is Kind.NOT_ALLOWED


def answers(*addresses: str, calls: list[str] | None = None):
    def resolver(host: str, _port: int, flags: int) -> list[tuple[int, str, int]]:
        if flags:
            raise OSError("no number")
        if calls is not None:
            calls.append(host)
        return [(socket.AF_INET6 if ":" in a else socket.AF_INET, a, 0) for a in addresses]

    return resolver


def test_name_is_resolved_once_and_its_judged_address_is_what_is_dialled() -> None:
    calls: list[str] = []
    found = asyncio.run(judge(read_url("rtsp://cam.example.org/"), SITE, answers("198.51.100.9", "198.51.100.8", calls=calls)))
    assert found.sockaddr == ("198.51.100.9", 554)
    assert calls == ["cam.example.org"]


def test_one_bad_address_spoils_the_name() -> None:
    for addresses in (("198.51.100.9", "::1"), ("127.0.0.1", "198.51.100.9"), ("198.51.100.9",) * (MAX_ADDRESSES + 1)):
        with pytest.raises(VmsError) as error:
            asyncio.run(judge(read_url("rtsp://cam.example.org/"), SITE, answers(*addresses)))
        assert error.value.kind is Kind.NOT_ALLOWED


def test_mapped_address_is_dialled_as_the_ipv4_address_it_is() -> None:
    found = asyncio.run(judge(read_url("rtsp://cam.example.org/"), SITE, answers("::ffff:198.51.100.9")))
    assert found == Address(socket.AF_INET, ("198.51.100.9", 554))


def test_name_without_an_address_is_unreachable() -> None:
    def unknown(_host: str, _port: int, _flags: int) -> list[tuple[int, str, int]]:
        raise socket.gaierror("unknown")

    for resolver in (answers(), unknown):
        with pytest.raises(VmsError) as error:
            asyncio.run(judge(read_url("rtsp://cam.example.org/"), SITE, resolver))
        assert error.value.kind is Kind.UNREACHABLE


def test_list_with_something_that_is_no_network_allows_nothing() -> None:
    with pytest.raises(VmsError) as error:
        read_allow(["198.51.100.0/24", "everything"])
    assert error.value.kind is Kind.NOT_ALLOWED
