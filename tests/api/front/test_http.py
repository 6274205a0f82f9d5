"""Ranges, origins and credentials as the media routes read them."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from vms.api.front.http import OutOfRange, check_origin, credential_of, parse_range, problem_response
from vms.base.errors import Kind, VmsError


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None), ("bytes=0-", (0, 100)), ("bytes=10-19", (10, 20)), ("bytes=90-500", (90, 100)), ("bytes=-10", (90, 100)),
        ("bytes=-500", (0, 100)), ("bytes=0-0", (0, 1)), ("bytes=0-1,5-6", None),
        ("lines=1-2", None), ("bytes=-", None), ("bytes=20-10", None),
    ],
)  # fmt: skip
def test_a_range_is_read_or_ignored(header: str | None, expected: tuple[int, int] | None) -> None:
    assert parse_range(header, 100) == expected


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_outside_is_416_and_tells_the_size(header: str) -> None:
    with pytest.raises(OutOfRange) as refused:
        parse_range(header, 100)
    answer = problem_response(refused.value)
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */100")


@pytest.mark.parametrize("origin", [None, "https://node.example.org:8443"])
def test_no_origin_or_our_own_may_open_streams(origin: str | None) -> None:
    check_origin(Headers({"host": "node.example.org:8443"} | ({"origin": origin} if origin else {})))


@pytest.mark.parametrize("origin", ["https://evil.example.org", "null", "http://[", "", "https://node.example.org"])
@pytest.mark.parametrize("host", ["node.example.org:8443", ""])
def test_another_page_may_not(origin: str, host: str) -> None:
    with pytest.raises(VmsError) as refused:
        check_origin(Headers({"host": host, "origin": origin}))
    assert refused.value.kind is Kind.FORBIDDEN


def connection(**headers: str) -> HTTPConnection:
    return HTTPConnection({"type": "http", "headers": [(k.encode(), v.encode()) for k, v in headers.items()]})


def test_a_bearer_token_comes_before_the_cookie() -> None:
    cookie = "__Host-vms_session=from-cookie"
    assert credential_of(connection(authorization="bearer tok", cookie=cookie)).secret == "tok"
    assert credential_of(connection(cookie=cookie)).secret == "from-cookie"
    assert credential_of(connection(cookie="vms_session=plain")).secret == "plain"


@pytest.mark.parametrize("headers", [{}, {"authorization": "Basic x"}, {"authorization": "Bearer "}, {"cookie": "other=1"}])
def test_without_either_one_signs_in_first(headers: dict[str, str]) -> None:
    with pytest.raises(VmsError) as refused:
        credential_of(connection(**headers))
    assert problem_response(refused.value).headers["www-authenticate"] == "Bearer"
