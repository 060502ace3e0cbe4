"""Terrain from disk: our own .npz grids and SRTM tiles (.hgt, .hgt.zip; 1 or 3 arc seconds, EGM96 heights)."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np

from core.errors import Malformed
from core.geo import Floats, LatLon, LocalFrame
from core.terrain import GridTerrain

SRTM_SIGMA_M = 6.0
"""Standard error of SRTM heights in open hills (Rodriguez et al. 2006: 90 % under 9 m)."""
_TILE = re.compile(r"([NS])(\d{2})([EW])(\d{3})", re.IGNORECASE)
_VOID = -32768
_STEP_M = 30.0


def save_terrain(path: Path, grid: GridTerrain) -> None:
    """Write a grid as .npz."""
    origin = grid.frame.origin
    head = np.array([origin.lat_deg, origin.lon_deg, grid.west_m, grid.south_m, grid.step_m, grid.sigma_m])
    np.savez_compressed(path, head=head, heights=grid.heights.astype(np.float32))


def load_terrain(path: Path, centre: LatLon | None = None, half_m: float = 10_000.0) -> GridTerrain:
    """A grid from .npz as it is; from an SRTM tile the square of +- half_m around `centre` (None: the tile's middle).

    Raises Malformed naming the file.
    """
    try:
        if path.suffix == ".npz":
            return _npz(path)
        if path.suffix == ".hgt" or path.name.endswith(".hgt.zip"):
            return _srtm(path, centre, half_m)
    except (OSError, zipfile.BadZipFile) as e:
        raise Malformed("map.terrain", f"can't read {path}: {e}", "check the path and the file") from e
    raise Malformed("map.terrain", f"{path} is no terrain file", "give .npz, .hgt or .hgt.zip")


def _npz(path: Path) -> GridTerrain:
    try:
        with np.load(path, allow_pickle=False) as doc:
            head, heights = doc["head"], np.asarray(doc["heights"], dtype=np.float64)
    except (KeyError, ValueError) as e:
        raise Malformed("map.terrain", f"{path} is not an Airground terrain grid: {e}") from e
    if head.shape != (6,) or not np.isfinite(head).all():
        raise Malformed("map.terrain", f"{path}: head is not six numbers")
    lat, lon, west, south, step, sigma = map(float, head)
    return GridTerrain(LocalFrame(LatLon(lat, lon)), west, south, step, heights, sigma)


def _srtm(path: Path, centre: LatLon | None, half_m: float) -> GridTerrain:
    found = _TILE.search(path.name)
    if found is None:
        raise Malformed("map.terrain", f"{path.name} does not name its tile", "call it like N42E001.hgt")
    south = int(found[2]) * (1 if found[1].upper() == "N" else -1)
    west = int(found[4]) * (1 if found[3].upper() == "E" else -1)
    tile = _tile(path)
    middle = centre or LatLon(south + 0.5, west + 0.5)
    frame = LocalFrame(middle)
    count = int(2 * half_m / _STEP_M) + 1
    axis = -half_m + _STEP_M * np.arange(count)
    x, y = np.meshgrid(axis, axis)
    lonlat = frame.to_lonlat_many(np.column_stack([x.ravel(), y.ravel()]))
    heights = _sample(tile, (lonlat[:, 0] - west), (lonlat[:, 1] - south)).reshape(count, count)
    if np.isnan(heights).all():
        raise Malformed("map.centre", f"lies outside the tile {path.name}", "give the tile that holds map.centre")
    return GridTerrain(frame, -half_m, -half_m, _STEP_M, heights, SRTM_SIGMA_M)


def _tile(path: Path) -> Floats:
    """(n, n) heights, row 0 northernmost, NaN where void."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as z:
            names = [n for n in z.namelist() if n.lower().endswith(".hgt")]
            raw = z.read(names[0]) if names else b""
    else:
        raw = path.read_bytes()
    side = {1201 * 1201 * 2: 1201, 3601 * 3601 * 2: 3601}.get(len(raw))
    if side is None:
        raise Malformed(
            "map.terrain", f"{path}: {len(raw)} bytes is no SRTM tile", "1201 x 1201 or 3601 x 3601 samples"
        )
    data = np.frombuffer(raw, dtype=">i2").reshape(side, side).astype(np.float64)
    return np.where(data == _VOID, np.nan, data)


def _sample(tile: Floats, east: Floats, north: Floats) -> Floats:
    """Bilinear heights at fractions of the tile (0 to 1 east and north of its south-west corner); NaN outside."""
    n = len(tile) - 1
    col, row = east * n, (1.0 - north) * n
    inside = (col >= 0) & (row >= 0) & (col <= n) & (row <= n)
    c = np.clip(col.astype(np.intp), 0, n - 1)
    r = np.clip(row.astype(np.intp), 0, n - 1)
    fc, fr = col - c, row - r
    top = tile[r, c] * (1 - fc) + tile[r, c + 1] * fc
    low = tile[r + 1, c] * (1 - fc) + tile[r + 1, c + 1] * fc
    return np.where(inside, top * (1 - fr) + low * fr, np.nan)
