"""The block code: layout, reading from grey pixels, and what is no code."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.blockcode_reader import read_code
from vms.sim.blockcode import CELLS_PER_WIDTH, COLUMNS, ROWS, BlockCode, decode, encode

CODES = st.builds(BlockCode, st.integers(0, 255), st.integers(0, 65535), st.integers(0, 255))


def draw(code: BlockCode, width: int = 1280) -> NDArray[np.uint8]:
    """A dark picture with the code, as the clip maker stamps it."""
    cell = width // CELLS_PER_WIDTH
    picture = np.full((width * 9 // 16, width), 40, np.uint8)
    picture[: (ROWS + 2) * cell, : (COLUMNS + 2) * cell] = 16
    for i, white in enumerate(encode(code)):
        y, x = (1 + i // COLUMNS) * cell, (1 + i % COLUMNS) * cell
        picture[y : y + cell, x : x + cell] = 226 if white else 16
    return picture


def resized(picture: NDArray[np.uint8], width: int, shift: float = 0) -> NDArray[np.uint8]:
    """Scaled by area, as a browser does; `shift` moves the picture by part of a pixel."""
    height = picture.shape[0] * width // picture.shape[1]
    fine = 4
    rows, columns = _sources(height, fine, shift, picture.shape[0]), _sources(width, fine, shift, picture.shape[1])
    big = picture[np.ix_(rows, columns)].astype(float)
    return np.rint(big.reshape(height, fine, width, fine).mean(axis=(1, 3))).astype(np.uint8)


def _sources(count: int, fine: int, shift: float, size: int) -> NDArray[np.int64]:
    """For each of `fine` samples in each of `count` pixels, the pixel of the old picture."""
    places: NDArray[np.float64] = ((np.arange(count * fine) + 0.5) / fine + shift) * size / count
    return np.clip(places, 0, size - 1).astype(np.int64)


@settings(deadline=None)
@given(CODES)
def test_cells_give_the_code_back(code: BlockCode) -> None:
    picture = draw(code, 640)
    assert decode(picture.ravel().tolist(), 640, 360) == code


@settings(max_examples=25, deadline=None)
@given(CODES, st.integers(300, 700), st.floats(-1.5, 1.5))
def test_a_scaled_tile_that_is_a_little_off_is_still_read(code: BlockCode, width: int, shift: float) -> None:
    assert read_code(resized(draw(code), width, shift)) == code


def test_a_picture_without_a_code_gives_none() -> None:
    rng = np.random.default_rng(5)
    for level in (0, 128, 255):
        assert read_code(np.full((180, 320), level, np.uint8)) is None
    found = [read_code(rng.integers(0, 256, (180, 320)).astype(np.uint8)) for _ in range(5)]
    assert found == [None] * 5


def test_a_changed_cell_is_no_code() -> None:
    code = BlockCode(3, 1499, 59)
    picture = draw(code)
    picture[32:48, 48:64] = 242 - picture[32:48, 48:64]
    assert decode(picture.ravel().tolist(), 1280, 720) is None
    assert decode(b"", 1280, 720) is None
