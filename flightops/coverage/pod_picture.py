"""The POD map as others take it: a picture to lay over a map, rows of numbers, and where the corners lie. Pure.

Two ramps, one a theme. Each runs one way in lightness, so that no colour vision is needed to rank two cells, and
starts near the ground of its map: the more was done, the more a cell stands out, and orange gaps are read on top.
"""

from __future__ import annotations

import struct
import zlib
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flightops.coverage.pod_map import OUTSIDE, PodMap

CURVE = "random"
"""PODs told by cell are those of random search: what to count on."""


class Theme(StrEnum):
    """Which map the picture lies on: dark or light."""

    NIGHT = "night"
    DAY = "day"


STOPS = {
    Theme.NIGHT: ("#3a2f4f", "#3b62ad", "#3489bd", "#45b0b8", "#98d8c2"),
    Theme.DAY: ("#e3d5e8", "#a9b6dc", "#6a97c4", "#2d6f9e", "#083a5c"),
}
"""Colours of POD 0, 25, 50, 75 and 100 %; between two the way is straight in sRGB."""


def ramp(theme: Theme) -> NDArray[np.uint8]:
    """(101, 3) sRGB of POD 0 to 100 %."""
    stops = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in STOPS[theme]], dtype=np.float64)
    at = np.linspace(0.0, 100.0, len(stops))
    return np.stack([np.rint(np.interp(np.arange(101), at, s)) for s in stops.T], axis=1).astype(np.uint8)


def picture(found: PodMap, theme: Theme) -> bytes:
    """PNG, one pixel a cell, north up, 8 bit with a palette: a pixel's index is POD in percent, OUTSIDE is
    transparent. The same map gives the same bytes (W3C PNG, third edition, 11.2 and 11.3.1.1)."""
    cells = found.percents()
    rows, cols = cells.shape
    palette = np.vstack([ramp(theme), np.zeros((1, 3), dtype=np.uint8)])
    unfiltered = np.hstack([np.zeros((rows, 1), dtype=np.uint8), cells])
    header = struct.pack(">IIBBBBB", cols, rows, 8, 3, 0, 0, 0)
    alpha = bytes([255] * OUTSIDE + [0])
    chunks = [
        (b"IHDR", header),
        (b"PLTE", palette.tobytes()),
        (b"tRNS", alpha),
        (b"IDAT", zlib.compress(unfiltered.tobytes(), 6)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def placed(found: PodMap) -> dict[str, Any]:
    """Where the picture lies and what its colours mean. `corners`: of its outermost pixels, north-west first, then
    clockwise; `colours`: #rrggbb by theme of POD 0, 25, 50, 75 and 100 %; `mark`: another when the picture is."""
    return {
        "mark": found.mark(),
        "corners": found.corners(),
        "cell_m": round(found.grid.cell_m, 3),
        "rows": found.grid.rows,
        "cols": found.grid.cols,
        "curve": CURVE,
        "mean": round(found.mean(), 4),
        "colours": {str(theme): list(stops) for theme, stops in STOPS.items()},
    }


def rows_json(search: str, found: PodMap) -> dict[str, Any]:
    """The grid as numbers: `pod` by row, north first, null outside the area (specks of it are told here, unlike in the
    picture); places and sizes as in `placed`."""
    told = placed(found)
    del told["colours"]
    return {"search": search, **told, "pod": found.fractions()}
