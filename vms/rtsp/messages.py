"""RTSP requests and responses as values, their head's syntax (RFC 2326 §4–§7), and their bytes.

Not here: finding where a message ends in a byte stream and interleaved frames (wire), what a message means (client, server).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from vms.base.errors import Kind, VmsError

MAX_HEADERS = 64
MAX_LINE_BYTES = 8 * 1024
MAX_HEAD_BYTES = 32 * 1024
MAX_BODY_BYTES = 64 * 1024

_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_CONTROLS = frozenset(chr(c) for c in (*range(9), *range(10, 32), 127))


class Headers:
    """Header fields in order; names compare without case. Values are ISO 8859-1 text, so that every byte survives."""

    __slots__ = ("items",)

    def __init__(self, items: Iterable[tuple[str, str]] = ()) -> None:
        self.items = tuple(items)

    def get(self, name: str) -> str | None:
        """The first value of `name`."""
        return next(self._values(name), None)

    def get_all(self, name: str) -> list[str]:
        return list(self._values(name))

    def _values(self, name: str) -> Iterator[str]:
        low = name.lower()
        return (value for key, value in self.items if key.lower() == low)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self.items == other.items

    def __hash__(self) -> int:
        return hash(self.items)

    def __repr__(self) -> str:
        return f"Headers({[name for name, _ in self.items]})"  # values may be credentials


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    url: str
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    def to_bytes(self) -> bytes:
        return _to_bytes(f"{self.method} {self.url} RTSP/1.0", self.headers, self.body)


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    reason: str
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    def to_bytes(self) -> bytes:
        return _to_bytes(f"RTSP/1.0 {self.status} {self.reason}", self.headers, self.body)


Message = Request | Response


def malformed(message: str, offset: int) -> VmsError:
    """The one error of this package's parsers; `offset` counts from the start of the connection (or text)."""
    return VmsError(Kind.PROTOCOL, f"{message} (byte {offset})", offset=offset)


def parse_head(head: bytes, offset: int) -> Message:
    """Start line and header lines, without the empty line that ends them; `offset` is where the head begins."""
    lines = head.split(b"\n")
    if len(lines) - 1 > MAX_HEADERS:
        raise malformed(f"more than {MAX_HEADERS} header lines", offset)
    start = _line(lines[0], offset)
    at = offset + len(lines[0]) + 1
    fields: list[tuple[str, str]] = []
    for raw in lines[1:]:
        fields.append(_field(_line(raw, at), at))
        at += len(raw) + 1
    headers = Headers(fields)
    if start.startswith("RTSP/"):
        return _response(start, headers, offset)
    return _request(start, headers, offset)


def body_size(headers: Headers, offset: int) -> int:
    """The agreed Content-Length, 0 when there is none."""
    values = {value.strip() for value in headers.get_all("Content-Length")}
    if not values:
        return 0
    text = values.pop()
    if values or not (text.isascii() and text.isdigit()) or len(text) > 10:
        raise malformed("Content-Length is not one number", offset)
    size = int(text)
    if size > MAX_BODY_BYTES:
        raise malformed(f"a body of {size} bytes, over {MAX_BODY_BYTES}", offset)
    return size


def _line(raw: bytes, offset: int) -> str:
    if len(raw) > MAX_LINE_BYTES:
        raise malformed(f"a line over {MAX_LINE_BYTES} bytes", offset)
    text = raw.removesuffix(b"\r").decode("latin-1")
    if not _CONTROLS.isdisjoint(text):
        raise malformed("a control character in a header line", offset)
    return text


def _field(line: str, offset: int) -> tuple[str, str]:
    if line[:1] in (" ", "\t"):
        raise malformed("a folded header line", offset)
    name, colon, value = line.partition(":")
    name = name.rstrip()  # some cameras put a space before the colon
    if not colon or not name or not _TOKEN.issuperset(name):
        raise malformed("a header line without a name", offset)
    return name, value.strip()


def _response(start: str, headers: Headers, offset: int) -> Response:
    version, _, rest = start.partition(" ")
    status, _, reason = rest.strip().partition(" ")
    if not version.startswith("RTSP/1.") or len(status) != 3 or not (status.isascii() and status.isdigit()):
        raise malformed("not an RTSP/1.0 status line", offset)
    return Response(int(status), reason.strip(), headers)


def _request(start: str, headers: Headers, offset: int) -> Request:
    parts = start.split(" ")
    if len(parts) != 3 or not parts[2].startswith("RTSP/1.") or not parts[1] or not parts[0] or not _TOKEN.issuperset(parts[0]):
        raise malformed("not an RTSP/1.0 request line", offset)
    return Request(parts[0], parts[1], headers)


def _to_bytes(start: str, headers: Headers, body: bytes) -> bytes:
    lines = [start, *(f"{name}: {value}" for name, value in headers.items)]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    if any(not _CONTROLS.isdisjoint(line) for line in lines):
        raise ValueError("a control character in an outgoing RTSP line")  # our own bug: never let it split a message
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body
