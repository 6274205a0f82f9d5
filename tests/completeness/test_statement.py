"""The statement: canonical bytes, a signature that the openssl command line verifies, tables that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
import json
import stat
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from vms.base.errors import Kind, VmsError
from vms.base.node_key import NAME, node_signing_key
from vms.completeness.about import About
from vms.completeness.statement import canonical, package
from vms.completeness.tables import as_csv, as_html, rate_text
from vms.owner.completeness import CameraDays, DayView, Figures

HOUR_US = 3_600_000_000
NOON_US = 1_777_636_800_000_000
DAY = Figures(24 * HOUR_US, 24 * HOUR_US, 23 * HOUR_US, 0, 0, {"disk_full": HOUR_US}, 958_333)
ABOUT = About(
    node_id="n1",
    node_name="望湖派出所",
    level="station",
    made_us=NOON_US,
    made_by="Officer <A>",
    from_day="2026-05-01",
    to_day="2026-05-01",
    offset_us=8 * HOUR_US,
    region_id=None,
    region_name=None,
    waiting=0,
)


def camera(name: str = "北门") -> CameraDays:
    return CameraDays("c1", "main", name, None, None, DAY, (DayView("2026-05-01", NOON_US - 20 * HOUR_US, NOON_US, DAY),))


def files(packed: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        archive.extractall(folder)
    return folder


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def verify(folder: Path) -> subprocess.CompletedProcess[str]:
    """The first line of VERIFY.md, as it stands there."""
    line = next(line.strip() for line in (folder / "VERIFY.md").read_text().splitlines() if "pkeyutl" in line)
    return run(folder, *line.split())


def test_a_stranger_verifies_it_by_openssl_alone_and_a_changed_byte_is_found(tmp_path: Path) -> None:
    keys, folder = tmp_path / "keys", tmp_path / "package"
    keys.mkdir()
    files(package(keys, ABOUT, DAY, [camera()]), folder)
    assert verify(folder).stdout.strip() == "Signature Verified Successfully"
    assert run(folder, "sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS").returncode == 0
    der = subprocess.run(["openssl", "pkey", "-pubin", "-in", folder / "node.pub", "-outform", "DER"], capture_output=True, check=True)
    said = json.loads((folder / "statement.json").read_bytes())
    (tmp_path / "der").write_bytes(der.stdout)
    assert run(tmp_path, "sha256sum", "der").stdout.split()[0] == said["node"]["key_sha256"]
    changed = (folder / "statement.json").read_bytes().replace(b'"recorded_us":82800000000', b'"recorded_us":86400000000')
    (folder / "statement.json").write_bytes(changed)
    assert verify(folder).returncode != 0


def test_what_is_signed_says_what_is_counted_and_what_is_not_yet(tmp_path: Path) -> None:
    folder = files(package(tmp_path, ABOUT, DAY, [camera()]), tmp_path / "package")
    raw = (folder / "statement.json").read_bytes()
    said = json.loads(raw)
    assert raw == canonical(said)
    assert said["cameras"][0]["days"][0]["gaps"] == {"disk_full": HOUR_US}
    assert said["total"]["rate_ppm"] == 958_333
    assert said["rules"]["joined_us"] == 2_000_000
    assert (said["waiting"], said["region"], said["utc_offset_minutes"]) == (0, None, 480)


def test_the_key_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    first, second = node_signing_key(tmp_path), node_signing_key(tmp_path)
    assert first.private_bytes_raw() == second.private_bytes_raw()
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    (tmp_path / NAME).chmod(0o640)
    with pytest.raises(VmsError) as refused:
        node_signing_key(tmp_path)
    assert refused.value.kind is Kind.CONFIG


def test_a_key_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("not a key")
    (tmp_path / NAME).chmod(0o600)
    with pytest.raises(VmsError, match="malformed"):
        node_signing_key(tmp_path)


def test_canonical_bytes_are_sorted_without_spaces_and_in_utf_8() -> None:
    assert canonical({"b": [1, None], "a": {"d": "门", "c": True}}) == '{"a":{"c":true,"d":"门"},"b":[1,null]}'.encode()


@pytest.mark.parametrize("name", ["=1+1", "+A1", "-A1", "@A1", "\tA1"])
def test_a_name_that_a_spreadsheet_would_run_is_text(name: str) -> None:
    rows = list(csv.reader(io.StringIO(as_csv(ABOUT, [camera(name)], "en").decode("utf-8-sig"))))
    assert rows[1][0] == f"'{name}"


def test_the_table_names_causes_in_both_languages_and_counts_in_seconds() -> None:
    zh = as_csv(ABOUT, [camera()], "zh").decode("utf-8-sig").splitlines()
    assert zh[0] == "点位,国标编码,日期,应录时长 (s),实录时长 (s),完整率,存储已满 (s)"
    assert zh[1] == "北门,,2026-05-01,86400.000000,82800.000000,95.83%,3600.000000"
    assert "disk full (s)" in as_csv(ABOUT, [camera()], "en").decode()


def test_the_printed_page_escapes_what_came_from_forms_and_warns_of_what_waits() -> None:
    waits = as_html(ABOUT, DAY, [camera("<script>")], "zh").decode()
    assert "<script>" not in waits
    assert "&lt;script&gt;" in waits
    assert "Officer &lt;A&gt;" in waits
    assert "尚未统计" not in waits
    assert "其中 3 个" in as_html(replace(ABOUT, waiting=3), DAY, [], "zh").decode()


def test_a_rate_is_cut_not_rounded() -> None:
    assert rate_text(999_999) == "99.99%"
    assert rate_text(1_000_000) == "100.00%"
    assert rate_text(None) == ""
