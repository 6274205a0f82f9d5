"""A viewer's offer (RFC 8866, RFC 9429): a bounded reading of what an answer needs. Pure.

Candidates are counted, not read: the node answers checks that come from where the viewer is, and sends nothing to an
address that an offer names (docs/design/whep.md). Not here: choosing and answering (answer).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from vms.base.errors import Kind, VmsError

MAX_OFFER_BYTES = 64 * 1024
MAX_LINES = 2_000
MAX_MEDIA = 16
MAX_FORMATS = 128
MAX_CANDIDATES = 64
_ICE_WORD = re.compile(r"[A-Za-z0-9+/=_-]{4,256}")  # RFC 8839 §5.4, and what browsers were seen to send
_MID = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,64}")  # RFC 5888 §4: a token
_DIGEST = re.compile(r"(sha-256|sha-384|sha-512) ((?:[0-9A-F]{2}:){31,63}[0-9A-F]{2})", re.IGNORECASE)
_SETUPS = frozenset({"actpass", "active", "passive"})
_DIRECTIONS = frozenset({"sendrecv", "recvonly", "sendonly", "inactive"})


@dataclass(frozen=True, slots=True)
class Format:
    """One payload type of a media section; `name` in lower case."""

    payload_type: int
    name: str
    clock_rate: int
    channels: int
    parameters: dict[str, str]


@dataclass(frozen=True, slots=True)
class OfferedMedia:
    """One `m=` section, in the order of the offer: the answer has one for each."""

    kind: str
    protocol: str
    words: tuple[str, ...]
    """The format words of the `m=` line, which a refused section repeats."""
    mid: str
    direction: str
    rtcp_mux: bool
    formats: tuple[Format, ...]

    @property
    def receives(self) -> bool:
        return self.direction in ("sendrecv", "recvonly")


@dataclass(frozen=True, slots=True)
class Offer:
    """What the viewer wants and how it is reached and known."""

    media: tuple[OfferedMedia, ...]
    bundle: tuple[str, ...]
    username: str
    password: str = field(repr=False)
    fingerprint: tuple[str, str]
    """Algorithm and digest of the viewer's certificate (RFC 8122)."""
    setup: str


@dataclass(slots=True)
class _Section:
    line: str = ""
    attributes: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def all(self, name: str) -> Iterator[str]:
        return (value for key, value in self.attributes if key == name)

    def first(self, name: str) -> str:
        return next(self.all(name), "")


def parse_offer(body: bytes) -> Offer:
    """Raises TOO_LARGE or BAD_REQUEST, the first fault found."""
    if len(body) > MAX_OFFER_BYTES:
        raise VmsError(Kind.TOO_LARGE, f"an offer may have at most {MAX_OFFER_BYTES} bytes", limit_bytes=MAX_OFFER_BYTES)
    sections = _sections(body)
    if sum(1 for section in sections for _ in section.all("candidate")) > MAX_CANDIDATES:
        raise _bad(f"the offer names more than {MAX_CANDIDATES} candidates", limit=MAX_CANDIDATES)
    session, *described = sections
    if not described:
        raise _bad("the offer has no media section")
    media = tuple(map(_media, described))
    if len({one.mid for one in media}) != len(media):
        raise _bad("two media sections of the offer have one mid")
    groups = (value.split() for value in session.all("group"))
    bundle = next((tuple(words[1:]) for words in groups if words and words[0] == "BUNDLE"), ())
    carrier = next((section for section in described if section.first("mid") in bundle[:1]), described[0])
    return Offer(
        media,
        bundle,
        _matching(_ICE_WORD, "ice-ufrag", carrier, session),
        _matching(_ICE_WORD, "ice-pwd", carrier, session),
        _fingerprint(carrier, session),
        _word(_SETUPS, "setup", carrier, session),
    )


def _sections(body: bytes) -> list[_Section]:
    try:
        lines = body.decode("utf-8").replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError as error:
        raise _bad("the offer is not UTF-8 text") from error
    if lines[0].strip() != "v=0":
        raise _bad("the body is no session description: it must begin with v=0")
    if len(lines) > MAX_LINES:
        raise _bad(f"the offer has more than {MAX_LINES} lines", limit=MAX_LINES)
    sections = [_Section()]
    for number, line in enumerate(lines, start=1):
        if line.startswith("m="):
            sections.append(_Section(line[2:]))
            if len(sections) > MAX_MEDIA + 1:
                raise _bad(f"the offer has more than {MAX_MEDIA} media sections", limit=MAX_MEDIA)
        elif line.startswith("a="):
            name, _, value = line[2:].partition(":")
            sections[-1].attributes.append((name, value.strip()))
        elif line.strip() and line[1:2] != "=":
            raise _bad("a line of the offer is no SDP line", line=number)
    return sections


def _media(section: _Section) -> OfferedMedia:
    words = section.line.split()
    if len(words) < 4 or not words[1].isascii() or not all(word.isascii() for word in words):
        raise _bad("an m= line of the offer has fewer than four words")
    if len(words) > MAX_FORMATS + 3:
        raise _bad(f"a media section of the offer has more than {MAX_FORMATS} formats", limit=MAX_FORMATS)
    mid = section.first("mid")
    if not _MID.fullmatch(mid):
        raise _bad("a media section of the offer has no mid")
    direction = next((name for name, _ in section.attributes if name in _DIRECTIONS), "sendrecv")
    return OfferedMedia(
        words[0],
        words[2],
        tuple(words[3:]),
        mid,
        direction,
        any(True for _ in section.all("rtcp-mux")),
        tuple(_formats(section, words[3:])),
    )


def _formats(section: _Section, words: list[str]) -> Iterator[Format]:
    maps = dict(value.split(" ", 1) for value in section.all("rtpmap") if " " in value)
    parameters = dict(value.split(" ", 1) for value in section.all("fmtp") if " " in value)
    static = {"0": "PCMU/8000", "8": "PCMA/8000"}  # RFC 3551 §6
    for word in words:
        name, _, rest = maps.get(word, static.get(word, "")).partition("/")
        rate, _, channels = rest.partition("/")
        if word.isdigit() and int(word) < 128 and name and rate.isdigit() and len(rate) < 8:
            yield Format(int(word), name.lower(), int(rate), int(channels) if channels.isdigit() else 1, _fmtp(parameters.get(word, "")))


def _fmtp(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {key.strip().lower(): value.strip() for key, _, value in pairs if key.strip()}


def _fingerprint(*sections: _Section) -> tuple[str, str]:
    for text in (value for section in sections for value in section.all("fingerprint")):
        if found := _DIGEST.fullmatch(text):
            return found[1].lower(), found[2].upper()
    raise _bad("the offer has no usable a=fingerprint", attribute="fingerprint")


def _matching(pattern: re.Pattern[str], name: str, *sections: _Section) -> str:
    for section in sections:
        if (value := section.first(name)) and pattern.fullmatch(value):
            return value
    raise _bad(f"the offer has no usable a={name}", attribute=name)


def _word(known: frozenset[str], name: str, *sections: _Section) -> str:
    for section in sections:
        if (value := section.first(name)) in known:
            return value
    raise _bad(f"the offer has no usable a={name}", attribute=name)


def _bad(message: str, **facts: str | int) -> VmsError:
    return VmsError(Kind.BAD_REQUEST, message, **facts)
