"""The block code: which clip, frame and second a picture shows, readable from its pixels without OCR.

A grid of 12 × 5 black and white cells at the top left of the picture, each 1/80 of the picture's width, one cell of black
margin around it. The top row and the right column alternate, the left column is white: they place the grid and give the
threshold. The 40 cells inside hold clip (8 bits), counter in the loop (16), second in the minute (8) and a check (8), most
significant bit first, row by row.

In: layout, code ↔ cells, reading a grey picture whose size is the video's own. Not here: finding the code in a screenshot
of a browser (tests/support/blockcode_reader.py), drawing it (fixtures/streams/make.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

COLUMNS = 12
ROWS = 5
CELLS_PER_WIDTH = 80
"""The picture is 80 cells wide: 16 px of 1280, 4 px of a tile 320 px wide."""
MARGIN_CELLS = 1

_DATA_COLUMNS = range(1, COLUMNS - 1)
_DATA_ROWS = range(1, ROWS)
_LEAST_CONTRAST = 40


class BlockCode(NamedTuple):
    """What one picture says of itself; `counter` is the frame's place in its loop, `second` that of the minute."""

    clip: int
    counter: int
    second: int


def _check(clip: int, counter: int, second: int) -> int:
    """CRC-8 (polynomial 0x07, start 0xFF, so that an all-black or all-white grid is no code)."""
    crc = 0xFF
    for byte in (clip, counter >> 8, counter & 0xFF, second):
        crc ^= byte
        for _ in range(8):
            crc = ((crc << 1) ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc


def _fixed(row: int, column: int) -> bool | None:
    """The colour of a finder cell, None for a data cell."""
    if column == 0:
        return True
    if row == 0:
        return column % 2 == 0
    if column == COLUMNS - 1:
        return row % 2 == 0
    return None


FINDER: tuple[tuple[int, bool], ...] = tuple(
    (row * COLUMNS + column, white) for row in range(ROWS) for column in range(COLUMNS) if (white := _fixed(row, column)) is not None
)
"""Finder cells as (index in reading order, white)."""


def encode(code: BlockCode) -> tuple[bool, ...]:
    """The 60 cells in reading order, True for white."""
    value = code.clip << 32 | code.counter << 16 | code.second << 8 | _check(*code)
    cells: list[bool] = []
    shift = 40
    for row in range(ROWS):
        for column in range(COLUMNS):
            white = _fixed(row, column)
            if white is None:
                shift -= 1
                white = bool(value >> shift & 1)
            cells.append(white)
    return tuple(cells)


def from_levels(levels: Sequence[float]) -> BlockCode | None:
    """The code of 60 grey levels in reading order, None when finder or check disagree."""
    whites = [levels[i] for i, white in FINDER if white]
    blacks = [levels[i] for i, white in FINDER if not white]
    low, high = max(blacks), min(whites)
    if high - low < _LEAST_CONTRAST:
        return None
    threshold = (sum(whites) / len(whites) + sum(blacks) / len(blacks)) / 2
    value = 0
    for row in _DATA_ROWS:
        for column in _DATA_COLUMNS:
            value = value << 1 | (levels[row * COLUMNS + column] > threshold)
    code = BlockCode(value >> 32, value >> 16 & 0xFFFF, value >> 8 & 0xFF)
    return code if value & 0xFF == _check(*code) else None


def decode(pixels: Sequence[int], width: int, height: int) -> BlockCode | None:
    """Read a grey picture (one byte a pixel, row by row) that fills `width` × `height` from edge to edge."""
    cell = width / CELLS_PER_WIDTH
    if height < cell * (ROWS + 2 * MARGIN_CELLS) or len(pixels) < width * height:
        return None
    levels: list[float] = []
    for row in range(ROWS):
        ys = _middle(row, cell)
        for column in range(COLUMNS):
            xs = _middle(column, cell)
            levels.append(sum(pixels[y * width + x] for y in ys for x in xs) / (len(ys) * len(xs)))
    return from_levels(levels)


def _middle(index: int, cell: float) -> range:
    """The pixels in the middle half of a cell: codec and scaler blur its edges."""
    start = (MARGIN_CELLS + index) * cell
    first = int(start + cell / 4 + 0.5)
    return range(first, max(first + 1, int(start + cell * 3 / 4 + 0.5)))
