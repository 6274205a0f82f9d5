"""The key picture of a chunk as a byte stream with its parameter sets, the way a decoder of any maker takes it. Pure.

What a decoder is given is judged first: a codec of the list, a picture of a possible size, lengths that fit.
"""

from __future__ import annotations

from vms.base.errors import Kind, VmsError
from vms.decode.protocol import H264, H265, MAX_JOB_BYTES, MAX_PIXELS, MAX_SIDE, Job
from vms.media import h264, h265
from vms.media.boxes import split_chunks
from vms.media.entryinfo import VISUAL_HEAD
from vms.media.isobox import box_at, need
from vms.media.types import Codec, TrackInfo

_START = b"\0\0\0\1"


def key_frame_job(info: TrackInfo, chunk: bytes, width: int = 0) -> Job:
    """The first frame of a chunk that opens a GOP. Raises UNSUPPORTED_CODEC, TOO_LARGE, PROTOCOL."""
    if info.codec not in (Codec.H264, Codec.H265):
        raise VmsError(Kind.UNSUPPORTED_CODEC, "pictures are made of H.264 and H.265 only", codec=info.codec)
    if info.width * info.height > MAX_PIXELS or max(info.width, info.height) > MAX_SIDE:
        raise VmsError(Kind.TOO_LARGE, "this picture is larger than the decoder takes", width=info.width, height=info.height)
    parts = split_chunks(chunk)
    if not parts or not parts[0].key:
        raise VmsError(Kind.PROTOCOL, "a picture is made of a key frame only")
    sample = parts[0].samples[0]
    data = b"".join(_START + nal for nal in (*_parameter_sets(info), *_nals(chunk[sample.offset : sample.offset + sample.size])))
    if len(data) > MAX_JOB_BYTES:
        raise VmsError(Kind.TOO_LARGE, "this key frame is larger than the decoder takes", size_bytes=len(data))
    return Job(H264 if info.codec is Codec.H264 else H265, data, width)


def _parameter_sets(info: TrackInfo) -> list[bytes]:
    entry = info.sample_entry
    outer = box_at(entry, 0, len(entry))
    kind = b"avcC" if info.codec is Codec.H264 else b"hvcC"
    inner = need(entry, kind, outer.body + VISUAL_HEAD, outer.end)
    record = entry[inner.body : inner.end]
    sets = h264.sets_of_avcc(record) if info.codec is Codec.H264 else h265.sets_of_hvcc(record)
    return [nal for of_a_kind in sets for nal in of_a_kind]


def _nals(data: bytes) -> list[bytes]:
    """NAL units behind lengths of 4 bytes."""
    nals: list[bytes] = []
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if at + 4 + size > len(data):
            raise VmsError(Kind.PROTOCOL, "a NAL unit leaves its frame", offset=at)
        nals.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return nals
