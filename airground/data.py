"""Load what the settings name: terrain, basemap, roads, sites."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from core.errors import Malformed
from core.geo import LatLon
from core.io.files.maps import read_geojson, read_toml
from core.io.files.terrain import load_terrain
from core.io.settings import Settings
from core.terrain import FlatTerrain, Terrain
from core.units import MetresAmsl
from flightops.coverage.land import Wood, woods_from
from ground.dispatch.roads import Roads, no_roads, parse_roads
from ground.sites.site import Site, parse_site


@dataclass(frozen=True, slots=True)
class MapData:
    """Local map data, checked. `basemap` is GeoJSON text, `woods` its forests."""

    terrain: Terrain
    roads: Roads
    sites: tuple[Site, ...]
    basemap: bytes | None
    woods: tuple[Wood, ...] = ()


def load_map(settings: Settings) -> MapData:
    """Everything under [map] and `sites`. Raises Malformed naming the key and the file."""
    centre = LatLon(settings.map.centre.lat_deg, settings.map.centre.lon_deg)
    basemap = settings.map.basemap
    doc = read_geojson(settings.path(basemap), "map.basemap") if basemap else None
    return MapData(
        terrain=_terrain(settings),
        roads=_roads(settings, centre),
        sites=tuple(parse_site(read_toml(settings.path(s), "sites"), s) for s in settings.sites),
        basemap=None if doc is None else msgspec.json.encode(doc),
        woods=woods_from(doc),
    )


def _terrain(settings: Settings) -> Terrain:
    if settings.map.terrain is not None:
        centre = LatLon(settings.map.centre.lat_deg, settings.map.centre.lon_deg)
        return load_terrain(settings.path(settings.map.terrain), centre)
    if settings.map.flat_level_amsl_m is not None:
        return FlatTerrain(MetresAmsl(settings.map.flat_level_amsl_m))
    raise Malformed(
        "map.terrain", "neither terrain nor flat_level_amsl_m", "name a terrain file, or the ground's height"
    )


def _roads(settings: Settings, centre: LatLon) -> Roads:
    if settings.map.roads is None:
        return no_roads(centre)
    return parse_roads(read_geojson(settings.path(settings.map.roads), "map.roads"), centre, settings.map.roads)
