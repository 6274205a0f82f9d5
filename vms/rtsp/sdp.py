"""Session descriptions (RFC 4566) as cameras write them: a tolerant reading of what a track needs.

In: media lines, formats, control URLs, parameter sets. Not here: choosing tracks (client), what a codec's parameters mean (media).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

from vms.base.errors import Kind, VmsError
from vms.rtsp.messages import malformed

MAX_SDP_BYTES = 64 * 1024
MAX_MEDIA = 16
MAX_ATTRIBUTES = 64
MAX_FORMATS = 16

# RFC 3551 §6: formats that need no rtpmap.
_STATIC = {0: ("PCMU", 8000), 8: ("PCMA", 8000), 14: ("MPA", 90000), 26: ("JPEG", 90000), 32: ("MPV", 90000), 33: ("MP2T", 90000)}
# Encoding names → the codec names that all packages share; other names stay as they are, in lower case.
_CODECS = {"hevc": "h265", "mpeg4-generic": "aac", "g711a": "pcma", "g711u": "pcmu"}
SUPPORTED = {"video": frozenset({"h264", "h265"}), "audio": frozenset({"aac", "pcma", "pcmu", "opus"})}
_PARAMETER_SETS = ("sprop-vps", "sprop-sps", "sprop-pps", "sprop-parameter-sets")


@dataclass(frozen=True, slots=True)
class Media:
    """One `m=` block with the one format that was chosen from it."""

    kind: str
    payload_type: int
    codec: str
    clock_rate: int
    channels: int
    fmtp: Mapping[str, str]
    control: str
    direction: str = ""
    parameter_sets: tuple[bytes, ...] = ()

    @property
    def supported(self) -> bool:
        return self.codec in SUPPORTED.get(self.kind, frozenset())


@dataclass(frozen=True, slots=True)
class Sdp:
    control: str
    media: tuple[Media, ...]


@dataclass(slots=True)
class _Block:
    kind: str = ""
    formats: list[int] = field(default_factory=list[int])
    attributes: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


def parse_sdp(body: bytes) -> Sdp:
    """Raises PROTOCOL; the offset counts from the start of the description."""
    if len(body) > MAX_SDP_BYTES:
        raise malformed(f"an SDP of {len(body)} bytes, over {MAX_SDP_BYTES}", MAX_SDP_BYTES)
    session = _Block()
    blocks: list[_Block] = []
    offset = 0
    for raw in body.replace(b"\r", b"\n").split(b"\n"):
        line = raw.decode("utf-8", "replace").strip("\0 \t\ufeff")
        if line[:2] == "m=":
            if len(blocks) >= MAX_MEDIA:
                raise malformed(f"more than {MAX_MEDIA} media in an SDP", offset)
            blocks.append(_media_line(line[2:], offset))
        elif line[:2] == "a=":
            _attribute(line[2:], blocks[-1] if blocks else session, offset)
        elif line and line[1:2] != "=":
            raise malformed("not an SDP line", offset)
        offset += len(raw) + 1
    return Sdp(_value(session, "control"), tuple(map(_media, blocks)))


def choose_tracks(sdp: Sdp) -> tuple[Media, ...]:
    """The first video and the first audio that the platform carries. Raises NO_VIDEO or UNSUPPORTED_CODEC."""
    videos = [m for m in sdp.media if m.kind == "video"]
    if not videos:
        raise VmsError(Kind.NO_VIDEO, "the camera offers no video track", tracks=len(sdp.media))
    video = next((m for m in videos if m.supported), None)
    if video is None:
        codec = videos[0].codec
        raise VmsError(Kind.UNSUPPORTED_CODEC, f"the camera sends {codec}; set it to H.264 or H.265", codec=codec)
    # A track marked sendonly is a loudspeaker that waits for our voice (ONVIF Streaming §5.3).
    audio = next((m for m in sdp.media if m.kind == "audio" and m.supported and m.direction != "sendonly"), None)
    return (video,) if audio is None else (video, audio)


def _media_line(text: str, offset: int) -> _Block:
    words = text.split()
    if len(words) < 3:
        raise malformed("an m= line with fewer than three words", offset)
    formats = [int(w) for w in words[3 : 3 + MAX_FORMATS] if w.isascii() and w.isdigit() and len(w) <= 3 and int(w) < 128]
    return _Block(words[0].lower(), formats)


def _attribute(text: str, block: _Block, offset: int) -> None:
    if len(block.attributes) >= MAX_ATTRIBUTES:
        raise malformed(f"more than {MAX_ATTRIBUTES} attributes in one SDP block", offset)
    name, _, value = text.partition(":")
    block.attributes.append((name.strip().lower(), value.strip()))


def _media(block: _Block) -> Media:
    choices = [_with_format(block, payload_type) for payload_type in block.formats or [-1]]
    return next((m for m in choices if m.supported), choices[0])


def _with_format(block: _Block, payload_type: int) -> Media:
    name, clock_rate, channels = _rtpmap(block, payload_type)
    fmtp = _fmtp(block, payload_type)
    codec = _CODECS.get(name.lower(), name.lower())
    if codec == "aac" and fmtp.get("mode", "AAC-hbr").lower() != "aac-hbr":
        codec = fmtp["mode"].lower()  # RFC 3640 carries other modes, which no camera here needs
    direction = next((n for n, _ in block.attributes if n in ("sendonly", "recvonly", "sendrecv", "inactive")), "")
    sets = _parameter_sets(fmtp)
    return Media(block.kind, payload_type, codec, clock_rate, channels, fmtp, _value(block, "control"), direction, sets)


def _rtpmap(block: _Block, payload_type: int) -> tuple[str, int, int]:
    name, clock_rate = _STATIC.get(payload_type, (f"pt{payload_type}", 90000 if block.kind == "video" else 8000))
    channels = 1
    for value in (v for n, v in block.attributes if n == "rtpmap"):
        number, _, encoding = value.partition(" ")
        if number == str(payload_type) and encoding.strip():
            name, *rest = encoding.strip().split("/")
            clock_rate = _positive(rest[0], clock_rate) if rest else clock_rate
            channels = _positive(rest[1], 1) if len(rest) > 1 else 1
            break
    return name.strip(), clock_rate, min(channels, 8)


def _fmtp(block: _Block, payload_type: int) -> dict[str, str]:
    found: dict[str, str] = {}
    for value in (v for n, v in block.attributes if n == "fmtp"):
        number, _, parameters = value.partition(" ")
        if number != str(payload_type):
            continue
        for parameter in parameters.split(";"):
            key, _, setting = parameter.partition("=")
            if key.strip():
                found.setdefault(key.strip().lower(), setting.strip())
    return found


def _parameter_sets(fmtp: Mapping[str, str]) -> tuple[bytes, ...]:
    sets: list[bytes] = []
    for text in (t for name in _PARAMETER_SETS for t in fmtp.get(name, "").split(",")):
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4))
        except (binascii.Error, ValueError):
            continue  # the camera repeats them in the stream
        if raw:
            sets.append(raw)
    return tuple(sets)


def _value(block: _Block, name: str) -> str:
    return next((v for n, v in block.attributes if n == name), "")


def _positive(text: str, default: int) -> int:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) <= 7 and int(text) else default
