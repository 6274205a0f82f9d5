"""Camera URLs: what is taken, what is refused, and that passwords are split off and masked."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vms.base.errors import Kind, VmsError
from vms.registry.urls import CameraUrl, check_allowed, mask, parse_camera_url


def test_user_and_password_are_split_off() -> None:
    url = parse_camera_url("rtsp://admin:p%40ss%3A1@192.0.2.7:8554/Streaming/Channels/101?transportmode=unicast")
    assert url == CameraUrl("rtsp://192.0.2.7:8554/Streaming/Channels/101?transportmode=unicast", "192.0.2.7", 8554, "admin", "p@ss:1")


def test_a_bare_at_sign_in_a_password_is_understood() -> None:
    url = parse_camera_url("rtsp://admin:p@ss@camera.example.org/1")
    assert (url.host, url.username, url.password) == ("camera.example.org", "admin", "p@ss")


def test_port_defaults_by_scheme() -> None:
    assert parse_camera_url("rtsp://camera.example.org").port == 554
    assert parse_camera_url("rtsps://[2001:db8::7]/live").port == 322
    assert parse_camera_url("rtsps://[2001:db8::7]/live").host == "2001:db8::7"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "http://192.0.2.7/",
        "file:///etc/passwd",
        "rtsp://",
        "rtsp:///path",
        "rtsp://host:99999/",
        "rtsp://host:0/",
        "rtsp://host:ab#c@192.0.2.7/",
        "rtsp://host/a b",
        "rtsp://host/\r\nDESCRIBE",
        "rtsp://host\\@192.0.2.7/",
        "rtsp://[::1/",
        "rtsp://host/" + "a" * 2048,
    ],
)
def test_anything_else_is_one_typed_refusal(text: str) -> None:
    with pytest.raises(VmsError) as refused:
        parse_camera_url(text)
    assert refused.value.kind is Kind.BAD_REQUEST


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_taken_or_refused_in_kind(text: str) -> None:
    try:
        url = parse_camera_url("rtsp://" + text)
    except VmsError as refusal:
        assert refusal.kind is Kind.BAD_REQUEST
    else:
        assert "@" not in url.url.removeprefix("rtsp://").split("/")[0].split("?")[0]


def test_a_refusal_never_repeats_the_url() -> None:
    with pytest.raises(VmsError) as refused:
        parse_camera_url("rtsp://admin:geheim@host:99999/")
    assert "geheim" not in str(refused.value) + str(refused.value.facts)


def test_a_password_inside_path_or_query_is_masked() -> None:
    assert mask("rtsp://h/user=admin_password=abc123_channel=1") == "rtsp://h/user=admin_password=***_channel=1"
    assert mask("rtsp://h/live?user=a&pwd=x&channel=2") == "rtsp://h/live?user=a&pwd=***&channel=2"
    assert mask("rtsp://h/bypass=1/compass") == "rtsp://h/bypass=1/compass"


def test_a_literal_address_outside_the_allow_list_is_refused_with_its_place() -> None:
    check_allowed(["192.0.2.0/24"], "192.0.2.9", "profiles[0].url")
    check_allowed(["192.0.2.0/24"], "camera.example.org", "profiles[0].url")
    for host in ("127.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254"):
        with pytest.raises(VmsError) as refused:
            check_allowed(["192.0.2.0/24", "2001:db8::/32"], host, "profiles[0].url")
        assert refused.value.kind is Kind.NOT_ALLOWED
        assert refused.value.facts["place"] == "profiles[0].url"


def test_an_ipv4_address_written_as_ipv6_is_judged_as_ipv4() -> None:
    check_allowed(["192.0.2.0/24"], "::ffff:192.0.2.9", "url")
