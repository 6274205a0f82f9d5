"""The node's own authority: a chain that openssl accepts, kept, and renewed in time."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from vms.base.authority import SERVER_DAYS, ensure_server_certificate

NAMES = ("node.example.org", "192.0.2.10")


def test_openssl_verifies_the_chain_and_the_names(tmp_path: Path) -> None:
    certificate, key = ensure_server_certificate(tmp_path, NAMES)
    for name in (["-verify_hostname", NAMES[0]], ["-verify_ip", NAMES[1]]):
        command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", tmp_path / "root.crt", *name, certificate]
        subprocess.run(command, check=True, capture_output=True)
    assert key.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "root.key").stat().st_mode & 0o777 == 0o600


def test_a_good_certificate_is_kept_and_an_old_or_renamed_one_is_renewed_under_the_same_root(tmp_path: Path) -> None:
    certificate, _ = ensure_server_certificate(tmp_path, NAMES)
    first, root = certificate.read_bytes(), (tmp_path / "root.crt").read_bytes()
    ensure_server_certificate(tmp_path, NAMES)
    assert certificate.read_bytes() == first
    ensure_server_certificate(tmp_path, NAMES, datetime.now(UTC) + timedelta(days=SERVER_DAYS - 10))
    second = certificate.read_bytes()
    assert second != first
    ensure_server_certificate(tmp_path, ("other.example.org",))
    assert certificate.read_bytes() != second
    assert (tmp_path / "root.crt").read_bytes() == root
