"""Block codes of the videos on a page: each shown frame's top strip is drawn to a canvas and read here."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np
from playwright.sync_api import Page

from tests.support.blockcode_reader import read_code
from vms.sim.blockcode import CELLS_PER_WIDTH, MARGIN_CELLS, ROWS, BlockCode

_CELL_PX = 8
_WIDTH = CELLS_PER_WIDTH * _CELL_PX
_HEIGHT = (ROWS + 2 * MARGIN_CELLS) * _CELL_PX

# Only the strip that holds the code crosses over to Python, one byte a pixel.
_GRAB = """([selector, width, height]) => [...document.querySelectorAll(selector)].map((tile) => {
  const video = tile.querySelector('video');
  const { testid, state, wallUs } = tile.dataset;
  const said = { tile: testid, state, wall_us: Number(wallUs || 0), at_ms: Date.now(), grey: '' };
  if (!video || video.videoWidth === 0) return said;
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const strip = height / width * video.videoWidth;
  context.drawImage(video, 0, 0, video.videoWidth, strip, 0, 0, width, height);
  const rgba = context.getImageData(0, 0, width, height).data;
  let text = '';
  for (let i = 0; i < rgba.length; i += 4)
    text += String.fromCharCode(Math.round(0.2126 * rgba[i] + 0.7152 * rgba[i + 1] + 0.0722 * rgba[i + 2]));
  said.grey = btoa(text);
  return said;
})"""


@dataclass(frozen=True, slots=True)
class Shown:
    """What one tile showed: `wall_us` as the console says it, `code` as the picture does, `at_s` by the browser's clock."""

    tile: str
    state: str
    wall_us: int
    at_s: float
    code: BlockCode | None


def look(page: Page, prefix: str = "tile-") -> list[Shown]:
    """All tiles whose test id begins so, in the order of the page."""
    found: list[Shown] = []
    for said in page.evaluate(_GRAB, [f'[data-testid^="{prefix}"][data-camera]', _WIDTH, _HEIGHT]):
        code = _code(base64.b64decode(said["grey"])) if said["grey"] else None
        found.append(Shown(said["tile"], said["state"], int(said["wall_us"]), said["at_ms"] / 1000, code))
    return found


def _code(grey: bytes) -> BlockCode | None:
    return read_code(np.frombuffer(grey, np.uint8).reshape(_HEIGHT, _WIDTH))


def seconds_apart(second: int, wall_s: float) -> float:
    """From a code's second of the minute to a wall time, the short way round: positive when the picture is behind."""
    return (wall_s - second - 0.5 + 30) % 60 - 30
