"""The block code survives encoding and scaling: read from decoded pictures of every clip at the size of a small tile."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

from tests.support.blockcode_reader import read_code
from vms.sim.blockcode import BlockCode, decode
from vms.sim.clips import CLIPS_DIR, clip_names, clip_number, load_clips

EVERY = 7  # pictures: all places in a GOP come up


def _pictures(name: str, width: int) -> list[bytes]:
    """Grey pictures, every seventh of the first 12 s."""
    path = next(CLIPS_DIR.glob(f"{name}.m*"))
    filters = f"trim=end=12,select=not(mod(n\\,{EVERY})),scale={width}:-2:flags=bilinear,format=gray"
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(path), "-vf", filters, "-fps_mode", "passthrough", "-f", "rawvideo", "-"]
    data = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    size = width * width * 9 // 16
    return [data[at : at + size] for at in range(0, len(data), size)]


@pytest.mark.parametrize("name", clip_names())
def test_every_picture_says_which_it_is_at_320_pixels(name: str) -> None:
    loop = load_clips([name])[name].video
    total = len(loop.units)
    pictures = _pictures(name, 320)
    assert len(pictures) >= 12 * loop.fps // EVERY
    for i, data in enumerate(pictures):
        counter = (loop.first_rank + i * EVERY) % total
        expected = BlockCode(clip_number(name), counter, int(counter / loop.fps))
        assert decode(data, 320, 180) == expected
        if i % 8 == 0:
            assert read_code(np.frombuffer(data, np.uint8).reshape(180, 320)) == expected
