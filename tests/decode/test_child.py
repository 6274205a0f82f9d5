"""The real child: its pictures are the camera's, whatever the codec; hostile bytes cost one answer; it holds nothing but its socket."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.decode.children import child, code_of
from tests.playback.recorded import record
from vms.decode.keyframe import key_frame_job
from vms.decode.protocol import H264, H265, Failed, Hello, Job, Picture
from vms.decode.walls import WALLS
from vms.media.types import Codec
from vms.playback.source import read_inits, read_key_chunk


@pytest.mark.parametrize(("clip", "codec"), [("gate", Codec.H264), ("bframes", Codec.H264), ("h265", Codec.H265)])
def test_a_recorded_key_frame_becomes_the_picture_that_the_camera_showed(tmp_path: Path, clip: str, codec: Codec) -> None:
    extent = record(tmp_path, clip, 6)[0]
    info = next(init.info for init in read_inits(extent) if init.info.is_video)
    assert info.codec is codec
    with child() as (_, talk):
        for gop in extent.gops:
            chunk = read_key_chunk(extent, gop)
            whole = talk.ask(key_frame_job(info, chunk.data))
            small = talk.ask(key_frame_job(info, chunk.data, 320))
            assert isinstance(whole, Picture) and isinstance(small, Picture)
            assert (whole.width, whole.height) == (info.width, info.height)
            assert (small.width, small.height) == (320, 320 * info.height // info.width & ~1)
            code = code_of(whole.jpeg)
            assert code is not None and code == code_of(small.jpeg)
            assert abs(code.second - gop[2] / 1_000_000 % 60) < 1.1


def test_bytes_that_are_no_video_cost_one_answer(tmp_path: Path) -> None:
    extent = record(tmp_path, "gate-sub", 2)[0]
    info = read_inits(extent)[0].info
    good = key_frame_job(info, read_key_chunk(extent, extent.gops[0]).data)
    with child() as (_, talk):
        for data in (b"", b"\0", b"\0\0\0\1", os.urandom(5000), good.data[:200], b"\0\0\0\1\x67" + os.urandom(50)):
            for codec in (H264, H265):
                answer = talk.ask(Job(codec, data, 64))
                assert isinstance(answer, Failed | Picture)
        assert isinstance(talk.ask(good), Picture)


def test_a_ready_child_has_every_wall_and_nothing_else_but_its_socket() -> None:
    with child() as (pid, talk):
        assert isinstance(talk.hello, Hello)
        assert talk.hello.walls == dict.fromkeys(WALLS, "")
        assert len(list(Path(f"/proc/{pid}/fd").iterdir())) == 1
        assert Path(f"/proc/{pid}/environ").read_bytes() == b""
        assert os.getsid(pid) == pid
        assert {"Seccomp:\t2", "NoNewPrivs:\t1", "Threads:\t1"} <= set(Path(f"/proc/{pid}/status").read_text().splitlines())
