from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from core.errors import Malformed
from core.geo import LatLon, LocalFrame
from core.io.files.terrain import load_terrain, save_terrain
from core.terrain import GridTerrain


def test_grids_round_trip(tmp_path: Path) -> None:
    heights = np.round(np.random.default_rng(1).uniform(0, 500, (7, 9)), 2)
    made = GridTerrain(LocalFrame(LatLon(28.9, 120.0)), -40.0, -30.0, 10.0, heights, 2.5)
    save_terrain(tmp_path / "t.npz", made)
    back = load_terrain(tmp_path / "t.npz")
    assert back.heights == pytest.approx(heights, abs=1e-3)
    assert (back.west_m, back.south_m, back.step_m, back.sigma_m) == (-40.0, -30.0, 10.0, 2.5)


def tile(folder: Path, zipped: bool) -> Path:
    """A 3-arc-second tile whose height is 1000 m x the fraction of the way north, with one void."""
    rows = np.linspace(1000, 0, 1201).round().astype(">i2")
    data = np.repeat(rows[:, None], 1201, axis=1)
    data[0, 0] = -32768
    path = folder / "N28E120.hgt"
    path.write_bytes(data.tobytes())
    if zipped:
        path = folder / "N28E120.hgt.zip"
        with zipfile.ZipFile(path, "w") as z:
            z.write(folder / "N28E120.hgt", "N28E120.hgt")
    return path


@pytest.mark.parametrize("zipped", [False, True])
def test_srtm_tiles_are_cut_around_the_centre(tmp_path: Path, zipped: bool) -> None:
    grid = load_terrain(tile(tmp_path, zipped), LatLon(28.5, 120.5), 2000.0)
    for lat in (28.49, 28.5, 28.51):
        height = grid.height_amsl_m(LatLon(lat, 120.5))
        assert height == pytest.approx(1000 * (lat - 28), abs=1.0)


def test_bad_terrain_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="outside the tile"):
        load_terrain(tile(tmp_path, False), LatLon(40.0, 10.0), 1000.0)
    (tmp_path / "N28E120.hgt").write_bytes(b"short")
    with pytest.raises(Malformed, match="no SRTM tile"):
        load_terrain(tmp_path / "N28E120.hgt")
    (tmp_path / "x.npz").write_bytes(b"PK nonsense")
    for name in ("x.npz", "missing.npz", "x.tif"):
        with pytest.raises(Malformed, match=name):
            load_terrain(tmp_path / name)
