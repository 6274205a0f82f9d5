"""Settings: defaults, file, variables, and errors that name key and place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from vms.base.errors import Kind, VmsError
from vms.settings import REFERENCE, SECTIONS, Settings, load, reference

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("VMS_")]:
        monkeypatch.delenv(name)


def written(folder: Path, text: str) -> Path:
    path = folder / "vms.toml"
    path.write_text(text)
    return path


def complaint(path: Path | None) -> str:
    with pytest.raises(VmsError) as refused:
        load(path)
    assert refused.value.kind is Kind.CONFIG
    return refused.value.message


def test_without_a_file_every_setting_has_its_default() -> None:
    settings = load()
    assert (settings.http.host, settings.http.port, settings.http.tls) == ("127.0.0.1", 8000, True)
    assert settings.recording.segment_seconds == 60
    assert settings.database.url == ""
    assert (settings.worker_count(1), settings.worker_count(2), settings.worker_count(8)) == (1, 1, 7)


def test_a_file_is_read_and_variables_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = 'workers = 3\n[http]\nport = 9000\nhost = "192.0.2.1"\n[[volumes]]\nid = "v1"\npath = "/srv/v1"\n'
    monkeypatch.setenv("VMS_HTTP__PORT", "9001")
    monkeypatch.setenv("VMS_CAMERAS__ALLOW", '["192.0.2.0/24"]')
    settings = load(written(tmp_path, text))
    assert (settings.http.port, settings.http.host, settings.worker_count(8)) == (9001, "192.0.2.1", 3)
    assert settings.allow == ("192.0.2.0/24",)
    assert (settings.volumes[0].id, settings.volumes[0].path) == ("v1", Path("/srv/v1"))


def test_the_loopback_is_allowed_only_on_demand(tmp_path: Path) -> None:
    assert "127.0.0.0/8" not in load().allow
    assert {"127.0.0.0/8", "::1/128"} <= set(load(written(tmp_path, "[cameras]\nallow_loopback = true\n")).allow)


def test_webrtc_takes_any_port_or_a_span_of_them(tmp_path: Path) -> None:
    assert load().webrtc.port_span is None
    assert load(written(tmp_path, "[webrtc]\nports = '50000-50499'\n")).webrtc.port_span == (50_000, 50_499)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[http]\nprot = 1\n", "http.prot in {path} is no setting; did you mean 'port'?"),
        ("wokers = 1\n", "wokers in {path} is no setting; did you mean 'workers'?"),
        ("[http]\nport = 70000\n", "http.port in {path}: Input should be less than or equal to 65535"),
        ("[cameras]\nallow = ['10.0.0.0/8', 'ten']\n", "cameras.allow.1 in {path}: 'ten' does not appear to be an IPv4 or IPv6 network"),
        ("[cameras]\nallow = ['10.0.0.1/8']\n", "cameras.allow.0 in {path}: 10.0.0.1/8 has host bits set"),
        ("[database]\nurl = 'mysql://h/d'\n", "database.url in {path}: must be empty or begin with postgresql://"),
        ("[http]\ntls_cert = '/c.pem'\n", "http in {path}: tls_cert and tls_key belong together"),
        ("[http]\nhost = '0.0.0.0'\ntls = false\n", "http in {path}: tls = false needs a loopback host"),
        ("[[volumes]]\nid = 'v1'\n", "volumes.0.path in {path}: Field required"),
        ("[[volumes]]\nid = 'v1'\npath = '/a'\n[[volumes]]\nid = 'v1'\npath = '/b'\n", "two volumes have one id"),
        ("[webrtc]\nports = '50100-50000'\n", "webrtc in {path}: ports must be FIRST-LAST, at most 65535"),
        ("[webrtc]\nhost = 'vms.example.org'\n", "webrtc.host in {path}: 'vms.example.org' does not appear to be an IPv4 or IPv6 address"),
        ("[http\n", "{path} is not TOML"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    assert said.replace("{path}", str(path)) in complaint(path)


def test_a_mistake_in_a_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMS_HTTP__PROT", "1")
    assert "VMS_HTTP__PROT is no setting; did you mean 'port'?" in complaint(None)
    monkeypatch.delenv("VMS_HTTP__PROT")
    monkeypatch.setenv("VMS_WOKERS", "1")
    assert "VMS_WOKERS names no setting; did you mean 'workers'?" in complaint(None)
    monkeypatch.delenv("VMS_WOKERS")
    monkeypatch.setenv("VMS_CAMERAS__ALLOW", "10.0.0.0/8")
    assert "VMS_" in complaint(None)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert str(tmp_path / "none.toml") in complaint(tmp_path / "none.toml")


def test_a_database_password_is_neither_shown_nor_told_in_an_error(tmp_path: Path) -> None:
    settings = load(written(tmp_path, "[database]\nurl = 'postgresql://vms:geheim@db.example.org/vms'\n"))
    assert settings.database.url == "postgresql+psycopg://vms:geheim@db.example.org/vms"
    assert "geheim" not in repr(settings)
    assert "geheim" not in complaint(written(tmp_path, "[database]\nurl = 'mysql://vms:geheim@h/d'\n"))


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError):
        setattr(load().http, "port", 1)  # noqa: B010  (the type checker knows it already)


def test_every_setting_is_described_and_the_reference_is_current() -> None:
    models = [Settings, *SECTIONS.values()]
    undescribed = [name for m in models for name, f in m.model_fields.items() if not f.description and name not in SECTIONS]
    assert undescribed == []
    assert set(SECTIONS) <= set(Settings.model_fields)
    assert REFERENCE.read_text("utf-8") == reference(), "run python -m vms.settings --write"


def test_the_example_configuration_is_accepted() -> None:
    assert load(ROOT / "deploy" / "vms.toml").http.port == 8000
