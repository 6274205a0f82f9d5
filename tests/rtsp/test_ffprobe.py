"""The server's end against a client that was not written here: ffprobe, over both transports, signed in by digest."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.ingest.camera import ALAW, SDP, Camera, listening
from vms.rtsp.auth import Gate

pytestmark = pytest.mark.scenario


async def probe(url: str, transport: str) -> tuple[int | None, dict[str, Any]]:
    command = ["ffprobe", "-v", "error", "-rtsp_transport", transport, "-show_streams", "-show_packets", "-of", "json", url]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL)
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, json.loads(output or b"{}")


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_ffprobe_signs_in_and_reads_every_picture(transport: str) -> None:
    async def body() -> tuple[int | None, dict[str, Any]]:
        async with listening(Camera(sdp=SDP + ALAW, gate=Gate({"viewer": "right"}.get))) as camera:
            found = asyncio.create_task(probe(camera.url.replace("//", "//viewer:right@"), transport))
            await camera.playing()
            for number in range(10):
                camera.send_video(5)
                camera.send_audio(list(range(number * 1600, number * 1600 + 1600, 160)))
            camera.hang_up()
            return await found

    code, found = asyncio.run(body())
    assert code == 0
    assert [stream["codec_name"] for stream in found["streams"]] == ["h264", "pcm_alaw"]
    assert found["streams"][0]["width"] == 160
    if transport == "tcp":
        assert sum(packet["codec_type"] == "video" for packet in found["packets"]) >= 49


def test_ffprobe_with_a_wrong_password_is_refused() -> None:
    async def body() -> int | None:
        async with listening(Camera(gate=Gate({"viewer": "right"}.get))) as camera:
            return (await probe(camera.url.replace("//", "//viewer:wrong@"), "tcp"))[0]

    assert asyncio.run(body()) == 1
