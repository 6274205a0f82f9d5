"""A time-stamping authority for tests: `openssl ts -reply` behind a small HTTP server, as evidence of another implementation."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

_CONFIG = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.crt
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


@dataclass
class Authority:
    """`mode`: `ok`, `refuse` (503), `old` (the answer to an earlier question), `noise`, `huge`, `other` (over other bytes),
    `flip` (one bit, of the byte at `at`), `cut` (half of an answer, then nothing), `short` (half of one as if it were whole) or
    `once` (one stamp, then cut).
    """

    folder: Path
    url: str = ""
    mode: str = "ok"
    at: int = 0
    asked: int = 0
    last: bytes = b""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def ca(self) -> Path:
        return self.folder / "ca.crt"

    def answer(self, query: bytes) -> tuple[int, bytes]:
        with self.lock:
            self.asked += 1
            match self.mode:
                case "refuse":
                    return 503, b""
                case "noise":
                    return 200, b"\x30\x03\x02\x01\x00"
                case "huge":
                    return 200, b"\0" * 1_000_000
                case "old":
                    return 200, self.last
                case "flip" | "short":
                    return 200, self._spoilt(self._reply(query))
                case _:
                    if self.mode == "once":
                        self.mode = "cut"
                    self.last = self._reply(query)
                    return 200, self.last

    def _spoilt(self, made: bytes) -> bytes:
        if self.mode == "short":
            return made[: len(made) // 2]
        at = self.at % len(made)
        return made[:at] + bytes([made[at] ^ 0x10]) + made[at + 1 :]

    def _reply(self, query: bytes) -> bytes:
        asked = self.folder / "query.tsq"
        asked.write_bytes(query)
        if self.mode == "other":
            run("ts", "-query", "-data", str(self.ca), "-sha256", "-cert", "-out", str(asked))
        out = self.folder / "reply.tsr"
        run("ts", "-reply", "-config", str(self.folder / "tsa.cnf"), "-section", "here", "-queryfile", str(asked), "-out", str(out))
        return out.read_bytes()


def run(*arguments: str) -> str:
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True, timeout=30).stdout


def expire(authority: Authority, name: str) -> None:
    """Give `tsa` or `ca` a certificate over the same key that was valid until yesterday."""
    folder, now = authority.folder, datetime.now(UTC)
    old = x509.load_pem_x509_certificate((folder / f"{name}.crt").read_bytes())
    signer = load_pem_private_key((folder / "ca.key").read_bytes(), None)
    assert isinstance(signer, EllipticCurvePrivateKey)
    made = x509.CertificateBuilder(old.issuer, old.subject, old.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=30)).not_valid_after(now - timedelta(days=1))
    for extension in old.extensions:
        made = made.add_extension(extension.value, extension.critical)
    (folder / f"{name}.crt").write_bytes(made.sign(signer, SHA256()).public_bytes(Encoding.PEM))


def make_authority(folder: Path) -> Authority:
    """A root and a stamping certificate under it, whose extended key usage is time stamping alone and critical."""
    folder.mkdir(exist_ok=True)
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    root = folder / "ca.crt", folder / "ca.key"
    run("req", "-x509", *key, "-keyout", str(root[1]), "-out", str(root[0]), "-days", "3650", "-subj", "/CN=Test time root")
    run("req", *key, "-keyout", str(folder / "tsa.key"), "-out", str(folder / "tsa.csr"), "-subj", "/CN=Test time stamps")
    (folder / "ext").write_text("extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\nbasicConstraints=CA:false\n")
    signing = ("-CA", str(root[0]), "-CAkey", str(root[1]), "-CAcreateserial", "-days", "3650", "-extfile", str(folder / "ext"))
    run("x509", "-req", "-in", str(folder / "tsa.csr"), *signing, "-out", str(folder / "tsa.crt"))
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(_CONFIG.format(folder=folder))
    return Authority(folder)


@contextmanager
def serving(authority: Authority) -> Generator[Authority]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            cut = authority.mode == "cut"
            status, body = authority.answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if cut else body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it)  # noqa: A002  (the base class names it)
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    authority.url = f"http://127.0.0.1:{server.server_address[1]}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield authority
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
