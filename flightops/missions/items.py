"""One sector as a mission: take off, climb on the way there, sweep at a steady height above the ground, come home.

Heights are in frame 3, above home: ground height at the point minus ground height at home, both from the same
terrain model, plus the height asked. So an error common to the model (datum, geoid, registration) cancels out,
and the drone's own zero is the home it took off from; with AMSL (frame 0) the full error of the model and of the
GNSS height would stand between the drone and the ground.

The layout: item 0 takes off, item 1 sets the camera, LEGS times (and once more a bend round a no-fly zone) a speed and
a place lead to over the start of the sweep; then the sweep's speed and the sweep; then camera, climb over the last
point, speeds and places to over home, and down by the autopilot's own RETURN, which has no way to go any more. Item 0
of a mission that begins in the air is the place where it hovers, at the height at which it sets out. Which items sweep
is kept in the fact MissionUploaded, so that how far a mission is flown can be told after a restart; in facts of before
that transits are straight and the layout is fixed (`sweep_range`).
"""

from __future__ import annotations

import math
from dataclasses import replace

from core.errors import Refused
from core.events import SearchPlan, Sector
from core.geo import GeoPoint, LatLon
from core.terrain import Terrain
from core.units import MetresAmsl
from flightops.missions.heights import LEGS, Transit
from flightops.missions.mission import Mission, MissionItem
from flightops.missions.profile import follow

TAKE_OFF_ITEM = 0
ITEMS_BEFORE_SWEEP = 3 + 2 * LEGS
ITEMS_AFTER_SWEEP = 3 + 2 * LEGS
MAX_ITEMS = 700
"""ArduPilot keeps about 700 items, PX4 more; a longer sweep is refused."""

NAV_WAYPOINT = 16
NAV_RETURN_TO_LAUNCH = 20
NAV_TAKEOFF = 22
DO_CHANGE_SPEED = 178
DO_MOUNT_CONTROL = 205
FRAME_MISSION = 2
FRAME_ABOVE_HOME = 3
MOUNT_MODE_MAVLINK_TARGETING = 2.0
GROUND_SPEED = 1.0
UNCHANGED = -1.0
TAKE_OFF_PARAMS = (0.0, 0.0, 0.0, math.nan)
HOLD_S = 0.0
ACCEPT_M = 3.0
"""A waypoint counts as reached within this (PX4; ArduPilot has its own WPNAV_RADIUS)."""


def sweep_range(items: int) -> tuple[int, int]:
    """First and last item (0-based, inclusive) that fly the sector, of a mission of `items` with straight transits."""
    return ITEMS_BEFORE_SWEEP, items - 1 - ITEMS_AFTER_SWEEP


def mission_for(
    sector: Sector, plan: SearchPlan, home: LatLon, transit: Transit, terrain: Terrain
) -> Mission | Refused:
    """The mission that flies `sector`; `transit`: its way there and back (see flightops.missions.heights).

    Between waypoints the height above the terrain model stays within 5 m of the plan's. Refused when the model knows
    no height at home or on the path, when the path has under 2 points, or when it takes more than MAX_ITEMS items.
    """
    if len(sector.path) < 2:
        return Refused.because("sector.path", f"sector {sector.sector} has {len(sector.path)} points", "plan it again")
    ground_m = terrain.height_amsl_m(home)
    sweep = follow(sector.path, terrain)
    if ground_m is None or sweep is None:
        where = "home" if ground_m is None else f"the path of sector {sector.sector}"
        return Refused.because("terrain", f"no ground height is known at {where}", "load terrain for this area")
    above_home_m = plan.height_agl_m - ground_m
    legs = [_waypoint(p.place, p.ground_amsl_m + above_home_m) for p in sweep]
    begin, *out = _way(transit.out, transit.out_mps, ground_m)
    before = (
        begin if transit.airborne else replace(begin, command=NAV_TAKEOFF, params=TAKE_OFF_PARAMS),
        _gimbal(plan.gimbal_pitch_deg),
        *out,
        _speed(plan.speed_mps),
    )
    after = (
        _gimbal(0.0),
        *_way(transit.back, transit.back_mps, ground_m),
        _do(NAV_RETURN_TO_LAUNCH, (0.0, 0.0, 0.0, 0.0)),
    )
    items = (*before, *legs, *after)
    if len(items) > MAX_ITEMS:
        return Refused.because("area", f"sector {sector.sector} takes {len(items)} mission items", "use more drones")
    first = len(before)
    ways = (tuple(p.ground for p in way) for way in (transit.out, transit.back))
    return Mission(items, first, first + len(legs) - 1, *ways)


def _way(points: tuple[GeoPoint, ...], speeds_mps: tuple[float, ...], home_amsl_m: float) -> list[MissionItem]:
    """The first point, then speed and point by turns."""
    first, *rest = (_waypoint(p.ground, p.alt_amsl_m - home_amsl_m) for p in points)
    return [first, *(item for mps, point in zip(speeds_mps, rest, strict=True) for item in (_speed(mps), point))]


def _speed(mps: float) -> MissionItem:
    return _do(DO_CHANGE_SPEED, (GROUND_SPEED, mps, UNCHANGED, 0.0))


def _waypoint(place: LatLon, above_home_m: float) -> MissionItem:
    # yaw NaN: the autopilot's own choice; 0 would turn a PX4 to the north
    return MissionItem(NAV_WAYPOINT, FRAME_ABOVE_HOME, (HOLD_S, ACCEPT_M, 0.0, math.nan), *_grid(place), above_home_m)


def _gimbal(pitch_deg: float) -> MissionItem:
    return _do(DO_MOUNT_CONTROL, (pitch_deg, 0.0, 0.0, 0.0), MOUNT_MODE_MAVLINK_TARGETING)


def _do(command: int, params: tuple[float, float, float, float], z: float = 0.0) -> MissionItem:
    return MissionItem(command, FRAME_MISSION, params, 0, 0, z)


def _grid(place: LatLon) -> tuple[int, int]:
    return round(place.lat_deg * 1e7), round(place.lon_deg * 1e7)


def air_of(mission: Mission, home_amsl_m: float) -> tuple[GeoPoint, ...]:
    """The places of a mission in order, with their heights above the sea; `home_amsl_m`: the ground at its home."""
    placed = (i for i in mission.items if i.command in (NAV_TAKEOFF, NAV_WAYPOINT))
    return tuple(GeoPoint(i.x / 1e7, i.y / 1e7, MetresAmsl(i.z + home_amsl_m)) for i in placed)


def transit_line(home: LatLon, sector: Sector) -> tuple[LatLon, LatLon, LatLon, LatLon]:
    """Corners of the way out and the way back: home, first point, last point, home."""
    return home, sector.path[0], sector.path[-1], home
