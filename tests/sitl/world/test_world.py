from __future__ import annotations

import json
import tomllib
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.geo import LatLon
from core.io.files.terrain import load_terrain
from sitl.world.export import export
from sitl.world.heat import canopy_cover, make_heat
from sitl.world.spec import WorldSpec, ring_area_m2
from sitl.world.world import World, make_world


def inside(ring: np.ndarray, x: float, y: float) -> bool:
    return cv2.pointPolygonTest(ring.astype(np.float32).reshape(-1, 1, 2), (x, y), False) >= 0


def test_the_same_seed_makes_the_same_world() -> None:
    a, b = make_world(3), make_world(3)
    assert np.array_equal(a.terrain.heights, b.terrain.heights)
    assert np.array_equal(a.trees.foot, b.trees.foot)
    assert a.movers == b.movers
    assert all(
        np.array_equal(x.values, y.values) for x, y in zip(make_heat(a).foliage, make_heat(b).foliage, strict=True)
    )
    assert make_world(4).movers[0] != a.movers[0]


@pytest.mark.parametrize("canopy", [0.6, 0.7, 0.8])
@pytest.mark.parametrize("seed", [1, 2])
def test_canopy_and_area_are_as_asked(seed: int, canopy: float) -> None:
    world = make_world(seed, WorldSpec(canopy=canopy))
    assert canopy_cover(world) == pytest.approx(canopy, abs=0.02)
    assert ring_area_m2(world.area) == pytest.approx(100_000, rel=0.01)


@pytest.mark.parametrize("seed", range(10))
def test_the_hiker_is_in_the_area_and_units_and_drones_are_on_roads(seed: int) -> None:
    world = make_world(seed)
    for t in (0.0, 100.0, 1000.0):
        assert inside(world.area, *world.frame.to_xy(world.hiker_at(t)))
    assert all(world.road_speed(place) for _, _, place in world.unit_starts())
    starts = world.drone_starts(3)
    assert all(world.road_speed(place) for place in starts)
    nearest = min(np.hypot(*(world.area - np.array(world.frame.to_xy(s))).T).min() for s in starts)
    assert 250 < nearest < 380


def test_roads_hang_together() -> None:
    world = make_world(1)
    drivable = [r.points for r in world.roads if r.kind == "road"]
    reached, grew = {0}, True
    while grew:
        grew = False
        for k, line in enumerate(drivable):
            if k in reached:
                continue
            joins = any(
                np.hypot(*(drivable[j][:, None] - line[None, :]).transpose(2, 0, 1)).min() < 0.5 for j in reached
            )
            if joins:
                reached.add(k)
                grew = True
    assert len(reached) == len(drivable)


def test_exported_papers_can_be_read_and_hold_no_truth(tmp_path: Path) -> None:
    world: World = make_world(2)
    export(world, tmp_path, "secret-token")
    basemap = json.loads((tmp_path / "basemap.geojson").read_text())
    kinds = {f["properties"]["kind"] for f in basemap["features"]}
    assert {"forest", "building", "road", "track", "contour", "compound"} <= kinds
    site = tomllib.loads((tmp_path / "site.toml").read_text())
    assert site["cameras"]
    assert site["sensors"]
    assert "secret-token" not in (tmp_path / "site.toml").read_text()
    grid = load_terrain(tmp_path / "terrain.npz")
    place = LatLon(28.8920, 120.0365)
    want = world.terrain.height_amsl_m(place)
    assert want is not None
    assert grid.height_amsl_m(place) == pytest.approx(want, abs=0.01)
    hiker = world.hiker_at(0)
    for path in tmp_path.iterdir():
        if path.suffix != ".npz":
            text = path.read_text()
            assert not (f"{hiker.lat_deg:.5f}" in text and f"{hiker.lon_deg:.5f}" in text)
