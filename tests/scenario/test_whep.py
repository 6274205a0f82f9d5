"""WebRTC viewers of a whole node: pictures and sound, refusals, ends; what happens to rtc happens to nobody else."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import httpx2
import numpy as np
import pytest
from av import VideoFrame

from tests.support import whep
from tests.support.blockcode_reader import read_code
from tests.support.node import Node, serve, sim_cameras
from tests.support.wait import wait_until
from tests.webrtc.offers import AUDIO, CHROMIUM, SESSION
from vms.base.errors import Kind
from vms.sim.blockcode import BlockCode

pytestmark = [pytest.mark.scenario, pytest.mark.long, pytest.mark.timeout(180)]

PLAIN, SOUND, H265, B_FRAMES = 1, 5, 7, 8
"""Numbers of simulated cameras and what is special about them."""


@pytest.fixture(scope="module")
def node() -> Generator[tuple[Node, dict[int, str]]]:
    with tempfile.TemporaryDirectory(prefix="vms-") as top:
        folder = Path(top)
        with sim_cameras(folder, B_FRAMES) as url, serve(folder / "node") as running:
            cameras = {number: running.add_camera(f"{url}/cam/{number}/main") for number in (PLAIN, SOUND, H265, B_FRAMES)}
            running.wait_recording(cameras.values(), 30)
            yield running, cameras
            assert running.stop() == 0
            assert running.bad_log_lines() == []


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    whep.on_loopback(monkeypatch)


@asynccontextmanager
async def client(node: Node, token: str = "") -> AsyncGenerator[httpx2.AsyncClient]:
    headers = {"Authorization": f"Bearer {token or node.token}"}
    async with httpx2.AsyncClient(base_url=node.url, headers=headers, timeout=30, trust_env=False) as http:
        yield http


def code_of(frame: VideoFrame) -> BlockCode | None:
    return read_code(np.asarray(frame.to_ndarray(format="gray"), dtype=np.uint8)[: frame.height // 6])


def test_pictures_move_and_the_session_ends_by_its_url(node: tuple[Node, dict[int, str]]) -> None:
    running, cameras = node

    async def go() -> list[BlockCode]:
        async with client(running) as http, whep.watch(http, cameras[PLAIN], ("video",)) as viewer:
            codes = [code for _ in range(40) if (code := code_of(await viewer.picture())) is not None]
            await asyncio.to_thread(wait_until, "the view to be counted", lambda: running.get("/system")["counts"]["viewers"] == 1, 10)
            assert {"rtc"} <= {process["role"] for process in running.get("/system")["processes"]}
            assert (await http.delete(viewer.session)).status_code == 200
            assert (await http.delete(viewer.session)).status_code == 404
            async with asyncio.timeout(20):
                while viewer.connection.connectionState != "closed":  # noqa: ASYNC110  (the library has no word for it)
                    await asyncio.sleep(0.05)
            return codes

    codes = asyncio.run(go())
    assert len(codes) >= 30
    steps = [(late.counter - early.counter) % 1500 for early, late in pairwise(codes)]
    assert set(steps) <= {1, 2, 3}, steps
    wait_until("the view to be counted out", lambda: running.get("/system")["counts"]["viewers"] == 0, 10)


def test_a_law_sound_comes_through_as_it_is(node: tuple[Node, dict[int, str]]) -> None:
    running, cameras = node

    async def go() -> tuple[str, int]:
        async with client(running) as http, whep.watch(http, cameras[SOUND]) as viewer:
            heard = [await viewer.sound() for _ in range(10)]
            assert (await viewer.picture()).width
            await http.delete(viewer.session)
            return viewer.answer, max(int(np.abs(frame.to_ndarray()).max()) for frame in heard)

    answer, loudest = asyncio.run(go())
    assert "a=rtpmap:8 PCMA/8000" in answer
    assert loudest > 100


@pytest.mark.parametrize(
    ("number", "offer", "told"),
    [
        (B_FRAMES, CHROMIUM, (406, Kind.NOT_ACCEPTABLE, "b_frames")),
        (H265, CHROMIUM, (406, Kind.NOT_ACCEPTABLE, "codec")),
        (PLAIN, SESSION + AUDIO, (406, Kind.NOT_ACCEPTABLE, "no_h264")),
        (PLAIN, "garbage", (400, Kind.BAD_REQUEST, None)),
        (PLAIN, CHROMIUM + "a=x\r\n" * 40_000, (413, Kind.TOO_LARGE, None)),
        (PLAIN, CHROMIUM + "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n" * 400, (400, Kind.BAD_REQUEST, None)),
    ],
)
def test_each_bad_offer_is_one_clear_problem(
    node: tuple[Node, dict[int, str]], number: int, offer: str, told: tuple[int, Kind, str | None]
) -> None:
    running, cameras = node
    answer = running.http.post(f"/api/v1/cameras/{cameras[number]}/whep", content=offer, headers=whep.SDP)
    said = answer.json()
    assert (answer.status_code, said["code"], said["params"].get("reason")) == told
    assert running.get("/system")["counts"]["viewers"] == 0


def test_a_killed_rtc_ends_its_viewers_alone_and_the_next_one_is_served(node: tuple[Node, dict[int, str]]) -> None:
    running, cameras = node
    with running.websocket(f"/cameras/{cameras[PLAIN]}/live.mse") as beside:

        async def go() -> None:
            async with client(running) as http, whep.watch(http, cameras[PLAIN], ("video",)) as viewer:
                await viewer.picture()
                killed = running.kill("rtc")
                async with asyncio.timeout(20):
                    while (await http.delete(viewer.session)).status_code != 404:  # noqa: ASYNC110  (nobody tells a viewer)
                        await asyncio.sleep(0.05)
                async with whep.watch(http, cameras[PLAIN], ("video",)) as again:
                    await again.picture()
                    assert running.pid_of("rtc") != killed
                    await http.delete(again.session)

        asyncio.run(go())
        for _ in range(100):
            beside.recv(timeout=5)  # all that was sent meanwhile, and on
    assert running.camera(cameras[PLAIN])["state"] == "online"


def test_a_signed_out_viewer_is_ended(node: tuple[Node, dict[int, str]]) -> None:
    """The act is in the audit under who asked; sign-out revokes the session, and with it the view."""
    running, cameras = node
    command = [sys.executable, "-m", "vms", "init", "--config", str(running.data.parent / "vms.toml")]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, stdin=subprocess.DEVNULL).stdout
    link = printed.strip().rpartition("#token=")[2]
    with httpx2.Client(base_url=running.url, headers={"X-VMS-CSRF": "1"}, timeout=15, trust_env=False) as browser:
        assert browser.post("/api/v1/sessions", json={"login_token": link}).status_code in (200, 201)

        async def go() -> None:
            cookies = dict(browser.cookies)
            async with (
                httpx2.AsyncClient(base_url=running.url, cookies=cookies, headers={"X-VMS-CSRF": "1"}, timeout=30, trust_env=False) as http,
                whep.watch(http, cameras[PLAIN], ("video",)) as viewer,
            ):
                await viewer.picture()
                assert (await http.delete("/api/v1/sessions/current")).status_code in (200, 204)
                async with asyncio.timeout(20):
                    while viewer.connection.connectionState != "closed":  # noqa: ASYNC110  (the library has no word for it)
                        await asyncio.sleep(0.05)

        asyncio.run(go())
    wait_until("the view to be counted out", lambda: running.get("/system")["counts"]["viewers"] == 0, 10)
