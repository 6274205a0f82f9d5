"""The contract's frames for viewers, byte for byte, and made once for all viewers of a stream."""

from __future__ import annotations

import json

from tests.stream.links import begin, chunk
from vms.media.types import Codec, Init, TrackInfo
from vms.stream.viewframes import Framer, begin_frames, chunk_bytes, init_bytes, init_text

INIT = Init(TrackInfo(1, Codec.H264, 90_000, 'video/mp4; codecs="avc1.64001f"', b"", 640, 360, 25.0), b"moov")


def test_golden_bytes_of_init_and_chunk() -> None:
    assert init_bytes(INIT, 1_700_000_000_000_000).hex() == "01010000" + "00000000" + "00060a24181e4000" + b"moov".hex()
    assert (
        chunk_bytes(chunk(7)._replace(seq=2**32 + 7, wall_us=1_700_000_000_000_000)).hex()
        == "02010000" + "00000007" + "00060a24181e4000" + "37"
    )


def test_a_configuration_is_a_text_then_its_bytes() -> None:
    text, data = begin_frames(begin(INIT))
    assert isinstance(text, str)
    told = json.loads(text)
    assert {"type": "init", "track": 1, "mime": INIT.info.mime, "run": "run-1", "wall_us": 1_700_000_000_000_000}.items() <= told.items()
    assert "seek" not in told
    assert json.loads(init_text(INIT, "r", 1, 9))["seek"] == 9
    assert data == init_bytes(INIT, 1_700_000_000_000_000)


def test_the_second_viewer_of_a_chunk_costs_no_copy_and_a_new_gop_forgets_the_old() -> None:
    framer, old = Framer(), chunk(3)
    first = framer.frame(old)
    assert framer.frame(old) is first
    framer.frame(chunk(4, key=True))
    assert framer.frame(old) == first
    assert framer.frame(old) is not first
