"""Reads block codes from screenshots: grey crops of any size, somewhat blurred, a few pixels off.

The crop is a tile's picture (without its letter box). numpy lives here alone; the layout is vms.sim.blockcode's.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vms.sim.blockcode import CELLS_PER_WIDTH, COLUMNS, FINDER, MARGIN_CELLS, ROWS, BlockCode, from_levels

Grey = NDArray[np.uint8]

_WHITE = np.array([index for index, white in FINDER if white])
_BLACK = np.array([index for index, white in FINDER if not white])
_BEST = 12
"""So many of the best-fitting placings are tried before the crop is said to hold no code."""


def to_grey(rgb: Grey) -> Grey:
    """Height × width × (3 or 4) to grey, BT.709 weights."""
    return np.rint(rgb[..., :3] @ np.array([0.2126, 0.7152, 0.0722])).astype(np.uint8)


def read_code(grey: Grey, *, slack_px: float = 4, stretch: float = 0.03) -> BlockCode | None:
    """The code of a tile's picture; searched `slack_px` around and `stretch` around the width that the crop has."""
    height, width = grey.shape
    sums = np.zeros((height + 1, width + 1))
    sums[1:, 1:] = grey.astype(np.float64).cumsum(0).cumsum(1)
    exact = _levels(sums, 0, 0, width / CELLS_PER_WIDTH)
    code = None if exact is None else from_levels(exact.tolist())
    if code is not None:
        return code
    fits: list[tuple[float, list[float]]] = []
    for dx, dy, cell in _placings(width / CELLS_PER_WIDTH, slack_px, stretch):
        levels = _levels(sums, dx, dy, cell)
        if levels is not None:
            fits.append((float(levels[_WHITE].min() - levels[_BLACK].max()), levels.tolist()))
    fits.sort(key=lambda fit: -fit[0])
    return next((code for _, levels in fits[:_BEST] if (code := from_levels(levels)) is not None), None)


def _placings(cell: float, slack_px: float, stretch: float) -> Iterator[tuple[float, float, float]]:
    offsets = np.arange(-slack_px, slack_px + 0.1, max(0.5, cell / 6))
    for factor in np.linspace(1 - stretch, 1 + stretch, 5):
        for dy in offsets:
            for dx in offsets:
                yield float(dx), float(dy), cell * float(factor)


def _levels(sums: NDArray[np.float64], dx: float, dy: float, cell: float) -> NDArray[np.float64] | None:
    """Mean grey of the middle of each cell, None when the grid leaves the crop."""
    y1, y2 = _edges(dy, cell, ROWS)
    x1, x2 = _edges(dx, cell, COLUMNS)
    if y1[0] < 0 or x1[0] < 0 or y2[-1] >= sums.shape[0] or x2[-1] >= sums.shape[1]:
        return None
    area = (y2 - y1)[:, None] * (x2 - x1)[None, :]
    total = sums[np.ix_(y2, x2)] - sums[np.ix_(y1, x2)] - sums[np.ix_(y2, x1)] + sums[np.ix_(y1, x1)]
    return (total / area).ravel()


def _edges(offset: float, cell: float, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and one-past-last pixel of the middle half of each cell."""
    start = offset + (MARGIN_CELLS + np.arange(count)) * cell
    first = np.floor(start + cell / 4 + 0.5).astype(np.int64)
    last = np.floor(start + cell * 3 / 4 + 0.5).astype(np.int64)
    return first, np.maximum(last, first + 1)
