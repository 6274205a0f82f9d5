"""doctor finds what is wrong and changes nothing; probe tells what a camera sends or why it does not."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from vms.base.errors import VmsError
from vms.commands.doctor import examine
from vms.commands.probe import probe_url, tell
from vms.decode.spawn import spawn
from vms.settings import DecodeSettings, HttpSettings, Settings


def test_doctor_looks_at_everything_and_makes_nothing(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = {f.name: f for f in examine(Settings(data_dir=tmp_path / "d", http=HttpSettings(host="127.0.0.1", port=port, tls=False)))}
    assert {"data directory", "free space", "open files", "port", "database", "user", "clock", "decoder walls"} == found.keys()
    assert found["data directory"].ok
    assert not found["port"].ok
    assert str(port) in found["port"].detail
    assert not (tmp_path / "d").exists()


GREETS = """
import json, socket, sys
from vms.decode.protocol import ANSWER
body = json.dumps({"walls": {"files": "", "calls": "no seccomp"}, "library": "x"}).encode()
end = socket.socket(fileno=int(sys.argv[2]))
end.sendall(ANSWER.pack(0, 0, 0, 0, 0, 0, len(body)) + body)
end.recv(1)
"""


@pytest.mark.parametrize(
    ("code", "without_filter", "said"),
    [
        (GREETS, False, "calls: no seccomp; snapshots are refused (decode.without_filter)"),
        (GREETS, True, "calls: no seccomp; snapshots work"),
        ("raise SystemExit(1)", False, "the decoder does not start"),
    ],
)
def test_doctor_says_which_wall_of_the_decoder_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, without_filter: bool, said: str
) -> None:
    monkeypatch.setattr("vms.commands.doctor.spawn", lambda: spawn((sys.executable, "-I", "-c", code)))
    settings = Settings(data_dir=tmp_path, decode=DecodeSettings(without_filter=without_filter))
    found = next(finding for finding in examine(settings) if finding.name == "decoder walls")
    assert not found.ok
    assert said in found.detail


def test_probe_tells_a_refused_connection_with_an_advice_and_no_password() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    result = probe_url(f"rtsp://user:hunter2@127.0.0.1:{port}/cam")
    assert (result["ok"], result["cause"], result["tracks"]) == (False, "refused", [])
    assert "is RTSP switched on" in tell(result)
    assert "hunter2" not in str(result)


def test_probe_of_what_is_no_url_is_an_error_of_the_caller() -> None:
    with pytest.raises(VmsError):
        probe_url("http://192.0.2.1/")


def test_tracks_are_told_a_line_each() -> None:
    video = {"track": 1, "codec": "h264", "width": 640, "height": 360, "fps": 25.0, "timescale": 90_000, "mime": "video/mp4"}
    audio = video | {"track": 2, "codec": "pcma", "width": 0, "timescale": 8000, "mime": "audio/mp4"}
    lines = tell({"ok": True, "elapsed_ms": 12, "tracks": [video, audio]}).splitlines()
    assert lines[0] == "[ok] first picture after 12 ms"
    assert "640x360 25 fps" in lines[1]
    assert "8000 Hz" in lines[2]
