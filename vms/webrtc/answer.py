"""What of an offer is taken up, and the answer that says so (RFC 9429 §5.3, RFC 8843). Pure.

Not here: reading the offer (offer), where packets are sent (processes.rtc).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from vms.base.errors import Kind, VmsError
from vms.media.types import Codec, TrackInfo
from vms.webrtc.offer import Format, Offer, OfferedMedia

PROTOCOL = "UDP/TLS/RTP/SAVPF"
_AUDIO = {Codec.PCMA: ("pcma", 8000, 1), Codec.PCMU: ("pcmu", 8000, 1), Codec.OPUS: ("opus", 48_000, 2)}
_LABELS = {"h264": "H264", "pcma": "PCMA", "pcmu": "PCMU", "opus": "opus"}


class Candidate(NamedTuple):
    """A place where the viewer's checks are answered (RFC 8839 §5.1)."""

    host: str
    port: int
    priority: int = 2_130_706_431
    """RFC 8445 §5.1.2.1: host, best interface, component 1."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """One media section that is sent in, and the format of the offer that it is sent as."""

    media: OfferedMedia
    format: Format
    ssrc: int


@dataclass(frozen=True, slots=True)
class Local:
    """How this end is reached and known."""

    username: str
    password: str
    fingerprint: tuple[str, str]
    candidates: Sequence[Candidate]
    setup: str
    stream: str
    """Names the pictures and the sound that belong together (msid, CNAME)."""
    session: int


def check_playable(video: TrackInfo | None) -> TrackInfo:
    """What can be sent in RTP without being changed. Raises NO_VIDEO or NOT_ACCEPTABLE with a `reason`."""
    if video is None:
        raise VmsError(Kind.NO_VIDEO, "this stream carries no pictures")
    if video.codec is not Codec.H264:
        raise VmsError(
            Kind.NOT_ACCEPTABLE,
            f"this stream is {video.codec}; WebRTC is served for H.264 only, use live.mse",
            reason="codec",
            codec=video.codec,
        )
    if video.reorder_frames > 0:
        raise has_b_frames()
    return video


def has_b_frames() -> VmsError:
    return VmsError(Kind.NOT_ACCEPTABLE, "this stream has B-frames, which WebRTC cannot show; use live.mse", reason="b_frames")


def choose(offer: Offer, video: TrackInfo, audio: TrackInfo | None, ssrcs: tuple[int, int]) -> tuple[Chosen, Chosen | None]:
    """The sections that are sent in. Raises NOT_ACCEPTABLE when the viewer takes no H.264 that this node can send."""
    pictures = next(filter(None, (_video(media, video, ssrcs[0]) for media in offer.media)), None)
    if pictures is None:
        raise VmsError(
            Kind.NOT_ACCEPTABLE, "the offer takes no H.264 in packetization mode 1 over UDP/TLS/RTP/SAVPF with rtcp-mux", reason="no_h264"
        )
    sounds = (_audio(media, audio, ssrcs[1]) for media in offer.media if _together(offer, pictures.media, media))
    return pictures, next(filter(None, sounds), None)


def role_of(offer: Offer) -> str:
    """Our `a=setup` (RFC 8842 §5.3): we begin the handshake unless the viewer insists."""
    return "passive" if offer.setup == "active" else "active"


def write_answer(offer: Offer, chosen: Sequence[Chosen], local: Local) -> str:
    """A section for each of the offer; one that is not taken up has port 0."""
    taken = {id(one.media): one for one in chosen}
    lines = ["v=0", f"o=- {local.session} 1 IN IP4 0.0.0.0", "s=-", "t=0 0"]
    lines.append(f"a=group:BUNDLE {' '.join(media.mid for media in offer.media if id(media) in taken)}")
    lines.append(f"a=msid-semantic: WMS {local.stream}")
    for media in offer.media:
        one = taken.get(id(media))
        lines += _refused(media) if one is None else _taken(one, local)
    return "\r\n".join(lines) + "\r\n"


def _refused(media: OfferedMedia) -> Iterator[str]:
    yield f"m={media.kind} 0 {media.protocol} {' '.join(media.words)}"
    yield "c=IN IP4 0.0.0.0"
    yield f"a=mid:{media.mid}"
    yield "a=inactive"


def _taken(one: Chosen, local: Local) -> Iterator[str]:
    number, host = one.format.payload_type, local.candidates[0].host
    yield f"m={one.media.kind} {local.candidates[0].port} {PROTOCOL} {number}"
    yield f"c=IN {'IP6' if ':' in host else 'IP4'} {host}"
    yield f"a=mid:{one.media.mid}"
    yield "a=sendonly"
    yield "a=rtcp-mux"
    yield f"a=ice-ufrag:{local.username}"
    yield f"a=ice-pwd:{local.password}"
    for index, place in enumerate(local.candidates, start=1):
        yield f"a=candidate:{index} 1 udp {place.priority} {place.host} {place.port} typ host"
    yield "a=end-of-candidates"
    yield f"a=fingerprint:{local.fingerprint[0]} {local.fingerprint[1]}"
    yield f"a=setup:{local.setup}"
    channels = f"/{one.format.channels}" if one.format.channels > 1 else ""
    yield f"a=rtpmap:{number} {_LABELS[one.format.name]}/{one.format.clock_rate}{channels}"
    if one.media.kind == "video":
        parameters = ";".join(f"{key}={value}" for key, value in one.format.parameters.items() if key in _ECHOED)
        yield f"a=fmtp:{number} {parameters}"
        yield from (f"a=rtcp-fb:{number} {word}" for word in ("nack", "nack pli", "ccm fir"))
    yield f"a=msid:{local.stream} {local.stream}-{one.media.kind}"
    yield f"a=ssrc:{one.ssrc} cname:{local.stream}"


_ECHOED = ("level-asymmetry-allowed", "packetization-mode", "profile-level-id")


def _video(media: OfferedMedia, video: TrackInfo, ssrc: int) -> Chosen | None:
    """The format of the stream's own profile, else the highest one: decoders take what they are sent."""
    if media.kind != "video" or not _usable(media):
        return None
    fitting = [one for one in media.formats if one.name == "h264" and one.parameters.get("packetization-mode") == "1"]
    best = max(fitting, key=lambda one: _fit(one, profile_of(video)), default=None)
    return None if best is None else Chosen(media, best, ssrc)


def profile_of(video: TrackInfo) -> int:
    """profile_idc, out of the RFC 6381 name."""
    return int(video.mime.partition("avc1.")[2][:2] or "42", 16)


def _fit(offered: Format, profile: int) -> tuple[bool, int]:
    digits = offered.parameters.get("profile-level-id", "42e01f")[:2]  # RFC 6184 §8.1: the default is Baseline
    try:
        own = int(digits, 16)
    except ValueError:
        own = 0
    return own == profile, own


def _audio(media: OfferedMedia, audio: TrackInfo | None, ssrc: int) -> Chosen | None:
    """Sound goes as it came, or not at all."""
    if audio is None or media.kind != "audio" or not _usable(media) or audio.codec not in _AUDIO:
        return None
    wanted = _AUDIO[audio.codec]
    if audio.codec is not Codec.OPUS and (audio.timescale, audio.channels) != wanted[1:]:
        return None
    found = next((one for one in media.formats if (one.name, one.clock_rate, one.channels) == wanted), None)
    return None if found is None else Chosen(media, found, ssrc)


def _usable(media: OfferedMedia) -> bool:
    return media.protocol == PROTOCOL and media.rtcp_mux and media.receives


def _together(offer: Offer, pictures: OfferedMedia, media: OfferedMedia) -> bool:
    """Sound shares the transport of the pictures (BUNDLE), or is left out."""
    return pictures.mid in offer.bundle and media.mid in offer.bundle
