"""QGroundControl plan files: the plan file format of its developer guide (fileType Plan, version 1; mission,
geoFence and rallyPoints version 2). One plan a sector, so one a drone.

Heights above home are the plan's height above ground, so over hills they are right only where the ground is level
with home, unless the plan follows the ground: then they are its heights above sea level less that of home's ground, and
the ways from and to home are flown at one height over all ground on them, climbed to at the take-off and over the last
point. ArduPilot can be given heights above its own terrain instead. Take-off is always above home: ArduPilot's
take-off above terrain climbs away when it knows no terrain (ArduPilot #21488). Missions that follow the ground on any
autopilot are made and uploaded by flightops.missions, not by this file.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from core.errors import Malformed, Refused
from core.geo import LatLon
from core.units import within
from flightops.planning.export.document import PlanDocument, SectorLine, Spot, read_plan
from flightops.planning.export.fence import Fence, Fenced, fenced
from flightops.planning.export.writing import rounded_deg
from flightops.planning.transit import transit

MOST_ITEMS = 700
"""ArduPilot keeps about 700 items; a longer mission is refused."""
NAV_WAYPOINT, NAV_RETURN_TO_LAUNCH, NAV_TAKEOFF, DO_CHANGE_SPEED = 16, 20, 22, 178
FRAME_MISSION = 2
MULTIROTOR = 2
GROUND_SPEED, UNCHANGED = 1, -1
MODE_MIXED, MODE_RELATIVE, MODE_TERRAIN_FRAME = 0, 1, 4
"""QGroundControl's altitude modes (AltitudeMode, globalPlanAltitudeMode)."""


class Firmware(IntEnum):
    """MAV_AUTOPILOT."""

    ARDUPILOT = 3
    PX4 = 12


class HeightAbove(IntEnum):
    """MAV_FRAME of the waypoints: above home, or above the autopilot's own terrain."""

    HOME = 3
    TERRAIN = 10


@dataclass(frozen=True, slots=True)
class QgcSetup:
    """What the plans are for. `fence_margin_m`: how far the inclusion fence is widened."""

    firmware: Firmware = Firmware.PX4
    above: HeightAbove = HeightAbove.HOME
    fence: Fence = Fence.AREA
    fence_margin_m: float = 0.0

    def __post_init__(self) -> None:
        within("fence_margin_m", self.fence_margin_m, 0.0, 10_000.0)
        if self.above is HeightAbove.TERRAIN and self.firmware is not Firmware.ARDUPILOT:
            raise Malformed("above", "PX4 flies no mission items above terrain", "take heights above home")


def qgc_plans(doc: object, setup: QgcSetup | None = None) -> dict[str, dict[str, Any]] | Refused:
    """One .plan by sector name, JSON-ready, from a plan document (see flightops.planning.export.document).

    Every sector needs a height and a speed. Without a home a mission starts over its own first point. The way there
    and back goes round the area's holes. Refused when a mission is too long, or when home, a rally point or a way
    lies outside the fence. Raises Malformed.
    """
    plan, asked = read_plan(doc), setup or QgcSetup()
    plans: dict[str, dict[str, Any]] = {}
    for k, sector in enumerate(plan.sectors):
        one = _plan(plan, sector, asked, f"sectors[{k}]")
        if isinstance(one, Refused):
            return one
        plans[sector.name] = one
    return plans


def _plan(plan: PlanDocument, sector: SectorLine, setup: QgcSetup, field: str) -> dict[str, Any] | Refused:
    height_m = _given(sector.height_agl_m, f"{field}.height_agl_m")
    speed_mps = _given(sector.speed_mps, f"{field}.speed_mps")
    if sector.flights > 1:
        problem = f"it takes {sector.flights} flights, and a .plan holds one"
        return Refused.because(field, problem, "send more drones, or write --format json")
    home = sector.home or (sector.path[0] if plan.home is None else plan.home.place)
    out, back = _way(plan, home, sector.path[0]), _way(plan, sector.path[-1], home)
    if isinstance(out, Refused):
        return out
    if isinstance(back, Refused):
        return back
    fence = fenced(plan, (out, sector.path, back), setup.fence, setup.fence_margin_m)
    if isinstance(fence, Refused):
        return fence
    spots = _spots(plan, sector, (out, back), height_m, setup)
    items = _items(home, spots, speed_mps, setup)
    if len(items) > MOST_ITEMS:
        return Refused.because(field, f"it takes {len(items)} mission items", "use more drones or a wider spacing")
    rally = [[*_position(r.place), height_m if r.height_m is None else r.height_m] for r in plan.rally]
    return {
        "fileType": "Plan",
        "version": 1,
        "groundStation": "QGroundControl",
        "mission": _mission(plan, home, speed_mps, items, setup),
        "geoFence": _geofence(fence),
        "rallyPoints": {"version": 2, "points": rally},
    }


def _mission(
    plan: PlanDocument, home: LatLon, speed_mps: float, items: list[dict[str, Any]], setup: QgcSetup
) -> dict[str, Any]:
    # home's height is for display only, no item hangs on it; QGroundControl takes no null here
    home_amsl_m = 0.0 if plan.home is None or plan.home.height_m is None else plan.home.height_m
    return {
        "version": 2,
        "firmwareType": int(setup.firmware),
        "vehicleType": MULTIROTOR,
        "globalPlanAltitudeMode": MODE_RELATIVE if setup.above is HeightAbove.HOME else MODE_MIXED,
        "cruiseSpeed": speed_mps,
        "hoverSpeed": speed_mps,
        "plannedHomePosition": [*_position(home), home_amsl_m],
        "items": items,
    }


def _given(value: float | None, field: str) -> float:
    if value is None:
        raise Malformed(field, "a mission needs it", "give it for the plan or the sector")
    return value


def _way(plan: PlanDocument, start: LatLon, end: LatLon) -> tuple[LatLon, ...] | Refused:
    """From start to end round the no-fly zones, both ends included."""
    return (start, end) if plan.area is None or not plan.area.holes or start == end else transit(plan.area, start, end)


def _spots(
    plan: PlanDocument,
    sector: SectorLine,
    ways: tuple[tuple[LatLon, ...], tuple[LatLon, ...]],
    height_m: float,
    setup: QgcSetup,
) -> tuple[Spot, ...]:
    """All places of a mission, home (its take-off height) first, with their heights in the setup's frame."""
    out, back = ways
    heights = sector.heights
    if heights is None or setup.above is HeightAbove.TERRAIN:
        line = (height_m,) * len(sector.path) if heights is None else heights.agl_m
        swept = map(Spot, sector.path, line)
        return (Spot(out[0], height_m), *_level(out[1:-1], height_m), *swept, *_level(back[1:-1], height_m))
    ground_m = heights.start_ground_amsl_m if plan.home is None else _given(plan.home.height_m, "home[2]")
    way_m = heights.transit_amsl_m - ground_m
    swept = map(Spot, sector.path, (h - ground_m for h in heights.amsl_m))
    return (*_level(out, way_m), *swept, *_level((sector.path[-1], *back[1:-1]), way_m))


def _level(places: tuple[LatLon, ...], height_m: float) -> tuple[Spot, ...]:
    return tuple(Spot(p, height_m) for p in places)


def _items(home: LatLon, spots: tuple[Spot, ...], speed_mps: float, setup: QgcSetup) -> list[dict[str, Any]]:
    """Take off to the first spot's height, set the speed, fly to the others, return."""
    relative, mode = int(HeightAbove.HOME), MODE_RELATIVE
    if setup.above is HeightAbove.TERRAIN:
        mode = MODE_TERRAIN_FRAME
    items = [
        _placed(NAV_TAKEOFF, relative, MODE_RELATIVE, home, spots[0].height_m),
        _item(DO_CHANGE_SPEED, FRAME_MISSION, [GROUND_SPEED, speed_mps, UNCHANGED, 0, 0, 0, 0]),
        *(_placed(NAV_WAYPOINT, int(setup.above), mode, spot.place, spot.height_m) for spot in spots[1:]),
        _item(NAV_RETURN_TO_LAUNCH, FRAME_MISSION, [0, 0, 0, 0, 0, 0, 0]),
    ]
    return [{**item, "doJumpId": k} for k, item in enumerate(items, start=1)]


def _placed(command: int, frame: int, mode: int, place: LatLon, height_m: float | None) -> dict[str, Any]:
    """An item at a place; its yaw is null, the autopilot's own choice."""
    shown = {"AMSLAltAboveTerrain": None, "Altitude": height_m, "AltitudeMode": mode}
    return {**_item(command, frame, [0, 0, 0, None, *_position(place), height_m]), **shown}


def _item(command: int, frame: int, params: list[float | None]) -> dict[str, Any]:
    return {"type": "SimpleItem", "command": command, "frame": frame, "params": params, "autoContinue": True}


def _geofence(fence: Fenced) -> dict[str, Any]:
    rings = [(True, ring) for ring in fence.inclusion] + [(False, ring) for ring in fence.exclusion]
    polygons = [
        {"version": 1, "inclusion": inclusion, "polygon": [_position(p) for p in ring]} for inclusion, ring in rings
    ]
    return {"version": 2, "circles": [], "polygons": polygons}


def _position(place: LatLon) -> list[float]:
    """Latitude first, unlike GeoJSON."""
    return [rounded_deg(place.lat_deg), rounded_deg(place.lon_deg)]
