"""WebRTC in a real Chromium: an offer by fetch, pictures in a video element, read from their pixels."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest
from playwright.sync_api import Page

from tests.e2e.console import Console
from tests.e2e.demo_node import DemoNode
from tests.e2e.pictures import seconds_apart
from tests.e2e.report import quantile, report
from tests.support.blockcode_reader import read_code
from vms.sim.blockcode import BlockCode

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(300)]

_PLAY = """async (camera) => {
  const started = performance.now();
  const connection = new RTCPeerConnection({ iceServers: [] });
  const video = Object.assign(document.createElement('video'), { muted: true, autoplay: true });
  Object.assign(video.style, { position: 'fixed', inset: '0', width: '1280px', zIndex: '9999' });
  document.querySelector('video')?.remove();
  document.body.append(video);
  window.whep = { connection, video };
  connection.addTransceiver('video', { direction: 'recvonly' });
  connection.addTransceiver('audio', { direction: 'recvonly' });
  connection.ontrack = (event) => { if (event.track.kind === 'video') video.srcObject = new MediaStream([event.track]); };
  const first = new Promise((resolve) => video.requestVideoFrameCallback(() => resolve(performance.now() - started)));
  await connection.setLocalDescription();
  const url = `/api/v1/cameras/${camera}/whep`;
  const headers = { 'Content-Type': 'application/sdp', 'X-VMS-CSRF': '1' };
  const answer = await fetch(url, { method: 'POST', body: connection.localDescription.sdp, headers });
  if (answer.status !== 201) return { status: answer.status, problem: await answer.json() };
  window.whep.session = answer.headers.get('location');
  await connection.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
  return { status: 201, first_ms: await first };
}"""
_STATE = """async () => {
  let frames = 0;
  (await whep.connection.getStats()).forEach((one) => {
    if (one.type === 'inbound-rtp' && one.kind === 'video') frames = one.framesDecoded;
  });
  return [frames, Date.now() / 1000];
}"""
_END = """async () => {
  const ended = await fetch(window.whep.session, { method: 'DELETE', headers: { 'X-VMS-CSRF': '1' } });
  const { connection } = window.whep;
  const patched = await fetch(window.whep.session, { method: 'PATCH', headers: { 'X-VMS-CSRF': '1' } });
  connection.close();
  return [ended.status, patched.status];
}"""


def look(page: Page) -> tuple[int, float, BlockCode | None]:
    """Frames decoded so far, the browser's time in seconds, and what the screen shows: a canvas would not make Chromium draw."""
    png = page.locator("video").screenshot()
    frames, at_s = page.evaluate(_STATE)
    with av.open(io.BytesIO(png), "r") as image:
        shown = next(image.decode(image.streams.video[0])).to_ndarray(format="gray")
    return int(frames), float(at_s), read_code(np.asarray(shown, dtype=np.uint8))


def test_chromium_plays_whep_and_shows_the_present(console: Console, node: DemoNode) -> None:
    console.expect(r"40[56].*/whep|/whep.*40[56]")
    console.open("/points")
    took: list[float] = []
    for camera in (node.plain, node.cameras[2], node.cameras[3], node.plain):
        played = console.page.evaluate(_PLAY, camera)
        assert played["status"] == 201, played
        took.append(float(played["first_ms"]))
        seen = [look(console.page) for _ in range(8)]
        codes = [(code, at_s) for _, at_s, code in seen if code is not None]
        assert len(codes) >= 6
        assert len({code.counter for code, _ in codes}) >= 6, "the picture stands still"
        behind = [seconds_apart(code.second, at_s) for code, at_s in codes]
        assert min(behind) > -1.5
        assert max(behind) < 3.0
        assert seen[-1][0] > seen[0][0]
        assert console.page.evaluate(_END) == [200, 405]
    report("WHEP: offer to first shown frame", f"p50 {quantile(took, 0.5):.0f} ms, longest {max(took):.0f} ms, {len(took)} times")


def test_chromium_is_told_why_a_stream_with_b_frames_is_not_for_it(console: Console, node: DemoNode) -> None:
    console.expect(r"40[56].*/whep|/whep.*40[56]")
    console.open("/points")
    played = console.page.evaluate(_PLAY, node.cameras[8])
    assert (played["status"], played["problem"]["code"], played["problem"]["params"]["reason"]) == (406, "not_acceptable", "b_frames")
