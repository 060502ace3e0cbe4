"""The town's papers for the coordinator: basemap, roads, terrain, site, search area. Its map, not its truth."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from core.geo import Floats
from core.io.files.terrain import save_terrain
from sitl.world.world import World

CONTOUR_M = 10
SITE_ID = "hillside-court"
SITE_NAME = "Hillside Court 山景苑"

Ring = list[list[float]]


def export(world: World, folder: Path, site_token: str) -> None:
    """Write basemap.geojson, roads.geojson, terrain.npz, site.toml and area.geojson into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "basemap.geojson", _collection(_basemap(world)))
    _write(folder / "roads.geojson", _collection(_roads(world)))
    _write(folder / "area.geojson", area_feature(world))
    save_terrain(folder / "terrain.npz", world.terrain)
    (folder / "site.toml").write_text(site_toml(world, site_token), encoding="utf-8")


def area_feature(world: World) -> dict[str, Any]:
    """The search area as a GeoJSON Feature."""
    return _feature({"name": "search area"}, {"type": "Polygon", "coordinates": [_closed(_lonlat(world, world.area))]})


def site_toml(world: World, token: str) -> str:
    """The compound's site file; `token` is what its devices sign in with (the file holds its SHA-256)."""
    c = world.compound
    ring = ", ".join(f"[{lat:.7f}, {lon:.7f}]" for lon, lat in _lonlat(world, c.outline))
    rows = [f'id = "{SITE_ID}"', f'name = "{SITE_NAME}"', f"ring = [{ring}]"]
    rows.append(f'token_hash = "{hashlib.sha256(token.encode()).hexdigest()}"')
    for id_, name, x, y, heading, fov, reach in c.cameras:
        rows += ["", "[[cameras]]", f'id = "{id_}"', f'name = "{name}"', _place(world, x, y)]
        rows += [f"heading_deg = {heading}", f"hfov_deg = {fov}", f"range_m = {reach}"]
    for id_, name, kind, x, y in c.sensors:
        rows += ["", "[[sensors]]", f'id = "{id_}"', f'name = "{name}"', f'kind = "{kind}"', _place(world, x, y)]
    return "\n".join(rows) + "\n"


def _place(world: World, x: float, y: float) -> str:
    p = world.frame.to_latlon(x, y)
    return f"lat_deg = {p.lat_deg:.7f}\nlon_deg = {p.lon_deg:.7f}"


def _basemap(world: World) -> list[dict[str, Any]]:
    def polygon(kind: str, ring: Floats, **more: Any) -> dict[str, Any]:
        shape = {"type": "Polygon", "coordinates": [_closed(_lonlat(world, ring))]}
        return _feature({"kind": kind, **more}, shape)

    rows = [
        polygon("forest", world.forest, name="North Wood 北山林", canopy=world.spec.canopy),
        polygon("compound", world.compound.outline),
    ]
    rows[1]["properties"]["name"] = SITE_NAME
    rows += [polygon("building", house, height_m=9) for house in world.houses]
    rows += [_feature({"kind": "contour", "height_m": h}, _line(world, line)) for h, line in _contours(world)]
    for road in world.roads:
        rows.append(
            _feature({"kind": road.kind, "name": road.name, "width_m": road.width_m}, _line(world, road.points))
        )
    return rows


def _roads(world: World) -> list[dict[str, Any]]:
    def row(kind: str, name: str, speed: float, points: Floats) -> dict[str, Any]:
        return _feature({"kind": kind, "name": name, "speed_mps": speed}, _line(world, points))

    return [row(r.kind, r.name, r.speed_mps, r.points) for r in world.roads]


def _contours(world: World) -> list[tuple[int, Floats]]:
    grid = world.terrain
    big = cv2.resize(grid.heights, None, fx=4, fy=4, interpolation=cv2.INTER_LINEAR)
    step, made = grid.step_m / 4, []
    for level in range(int(big.min() // CONTOUR_M + 1) * CONTOUR_M, int(big.max()), CONTOUR_M):
        lines, _ = cv2.findContours((big >= level).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        for line in lines:
            points = line.reshape(-1, 2).astype(np.float64)
            made += [(level, _thinned(part) * step + [grid.west_m, grid.south_m]) for part in _inner(points, big.shape)]
    return made


def _inner(points: Floats, shape: tuple[int, ...]) -> list[Floats]:
    """The parts of a pixel line that do not run along the raster's edge."""
    rows, cols = shape
    x, y = points[:, 0], points[:, 1]
    free = (x > 0) & (y > 0) & (x < cols - 1) & (y < rows - 1)
    cuts = np.flatnonzero(np.diff(free.astype(np.int8))) + 1
    parts = zip(np.split(points, cuts), np.split(free, cuts), strict=True)
    return [p for p, ok in parts if ok.all() and len(p) > 40]


def _thinned(points: Floats) -> Floats:
    smooth = cv2.blur(points.astype(np.float32).reshape(1, -1, 2), (9, 1)).reshape(-1, 1, 2)
    return cv2.approxPolyDP(smooth, 0.6, False).reshape(-1, 2).astype(np.float64)


def _lonlat(world: World, xy: Floats) -> Ring:
    rows: Ring = np.round(world.frame.to_lonlat_many(xy), 7).tolist()
    return rows


def _closed(ring: Ring) -> Ring:
    return [*ring, ring[0]]


def _line(world: World, points: Floats) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": _lonlat(world, points)}


def _feature(properties: dict[str, Any], geometry: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _collection(features: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": features}


def _write(path: Path, doc: dict[str, Any]) -> None:
    path.write_text(json.dumps(doc, ensure_ascii=False), encoding="utf-8")
