"""Transits: each drone goes and comes in its own layer, climbing on the way, above ground, sweeps and lower layers.

Layer k keeps the plan's height + k x STACK_M above the ground, from where the drone has climbed to it to its sector.
It takes off only as high as it must to get there without climbing faster than CLIMB_MPS on the way. Layers follow the
ground, so heights AMSL of two of them differ by less than STACK_M where the ground under the two lines does; what is
laid later is lifted over what it comes near to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from scipy.spatial import cKDTree

from core.errors import Refused
from core.events import SearchPlan, Sector
from core.geo import Area, Floats, GeoPoint, LatLon, LocalFrame
from core.ids import DroneId, SectorId
from core.terrain import Terrain
from core.units import MetresAmsl
from flightops.missions.profile import Samples, legs_over, sample
from flightops.planning.airspace.terrain_profile import Slopes, lowest_over
from flightops.planning.transit import Transits

LEGS = 4
"""Legs of a straight transit; each bend round a no-fly zone adds one."""
STACK_M = 10.0
"""Between one drone and the next where they are within NEAR_M, seen from above."""
NEAR_M = 30.0
SAMPLE_M = 2.0
"""Between ground samples; on hills with slopes over 1 in 1 the ground between samples 5 m apart rises 2 m over both."""
LOW_M = 30.0
"""Height above ground of the lowest layer over its home (the plan's, if that is lower): over crowns and wires."""
SWEEP_OFF_M = 5.0
"""A sweeping drone may be this much above the plan's height (see `mission_for`)."""
CLIMB_MPS = 2.5
"""On the way, at the plan's speed; both autopilots climb at 2.5 to 3 m/s as they come from the factory."""
SINK_MPS = 1.25
"""On the way, where a leg that sinks is flown slower for it; they sink at 1.5 m/s as they come from the factory."""


@dataclass(frozen=True, slots=True)
class Transit:
    """Way out: over home (take-off height) to over the sector's first point. Way back: over its last point to over
    home. LEGS + 1 points each and one a bend, and the ground speed, m/s, to each but the first. `airborne`: it begins
    over where the drone hovers instead."""

    out: tuple[GeoPoint, ...]
    out_mps: tuple[float, ...]
    back: tuple[GeoPoint, ...]
    back_mps: tuple[float, ...]
    airborne: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """Where a drone sets out to its sector (at home, or `airborne`: where it hovers), its home, and the area whose
    no-fly zones its ways go round (None: none)."""

    place: LatLon
    home: LatLon
    area: Area | None
    airborne: bool = False


@dataclass(frozen=True)
class _Line:
    """Ground under a line and its x, y (n, 2) m in a frame common to the plan."""

    ground: Samples
    xy: Floats


@dataclass(frozen=True)
class _Course:
    """What one drone flies over: way out, sweep, way back."""

    sector: Sector
    out: _Line
    sweep: _Line
    back: _Line

    @property
    def columns(self) -> Floats:
        """Where it climbs and sinks on the spot: home, first and last point, (3, 2) m."""
        return np.stack([self.out.xy[0], self.out.xy[-1], self.back.xy[0]])


@dataclass(frozen=True)
class _Taken:
    """Air taken by another drone: x, y (n, 2) m, up to `top` (n,) m AMSL."""

    xy: Floats
    top: Floats


@dataclass(frozen=True)
class _Layer:
    """What a transit keeps to: heights above ground by the sector and over home, above the sea, others' air, and the
    plan's speed."""

    full_agl_m: float
    low_agl_m: float
    least_amsl_m: float
    others: tuple[_Taken, ...]
    speed_mps: float

    @property
    def slope(self) -> float:
        """Steepest climb and sink, m/m."""
        return CLIMB_MPS / self.speed_mps

    @property
    def slopes(self) -> Slopes:
        """Of the way, up and down alike: legs that sink are flown slower."""
        return Slopes(self.slope, self.slope)

    def leg_mps(self, run_m: float, sunk_m: float) -> float:
        """Ground speed on a leg of this length that sinks so far."""
        return min(self.speed_mps, SINK_MPS * run_m / sunk_m) if sunk_m > 0 and run_m > 0 else self.speed_mps


def transits_for(
    plan: SearchPlan,
    homes: Mapping[DroneId, LatLon],
    terrain: Terrain,
    fixed: Mapping[DroneId, float],
    area: Area | None = None,
) -> dict[SectorId, Transit] | Refused:
    """The transits of every sector of the plan, off the no-fly zones of `area`.

    Where two drones come within NEAR_M of one another seen from above, both in transit or one in its sweep, they are
    STACK_M apart in height. Not so where a drone climbs or sinks on the spot (over its home, at the ends of its sweep):
    the order of layers keeps lower transits away from these places when it can. `fixed`: least heights above home from
    settings. Refused when a drone has no home yet, no ground height is known on its way, or no way is legal.
    """
    courses: list[_Course] = []
    frame = LocalFrame(plan.sectors[0].path[0])
    for sector in plan.sectors:
        home = homes.get(sector.drone)
        if home is None:
            problem = f"{sector.drone} has not told where it is"
            return Refused.because("drones", problem, "wait for its GNSS fix, or leave it out")
        made = _course(sector, Start(home, home, area), terrain, frame)
        if isinstance(made, Refused):
            return made
        courses.append(made)
    transits: dict[SectorId, Transit] = {}
    laid: list[_Taken] = []
    for k, course in enumerate(_from_below(courses)):
        low = min(plan.height_agl_m, LOW_M) + k * STACK_M
        least = float(course.out.ground.ground[0]) + fixed.get(course.sector.drone, 0.0)
        sweeps = [_sweeping(c, plan.height_agl_m, course) for c in courses if c is not course]
        layer = _Layer(plan.height_agl_m + k * STACK_M, low, least, (*sweeps, *laid), plan.speed_mps)
        out, out_mps, out_air = _laid(course.out, layer, home_first=True)
        back, back_mps, back_air = _laid(course.back, layer, home_first=False)
        transits[course.sector.sector] = Transit(out, out_mps, back, back_mps)
        laid += [out_air, back_air]
    return transits


def transit_over(
    sector: Sector, plan: SearchPlan, start: Start, terrain: Terrain, aloft: Iterable[tuple[GeoPoint, ...]]
) -> Transit | Refused:
    """The transit of one further sector, off the no-fly zones of its area: at the plan's height above ground, and
    STACK_M over whatever is `aloft` within NEAR_M of it (ways of the missions that others have on board, points joined
    by straight lines).

    As with `transits_for`, not so where it climbs or sinks on the spot. Refused where no ground height is known, or no
    way is legal.
    """
    frame = LocalFrame(sector.path[0])
    course = _course(sector, start, terrain, frame)
    if isinstance(course, Refused):
        return course
    taken = tuple(_taken(line, frame) for line in aloft if line)
    low_m = min(plan.height_agl_m, LOW_M)
    layer = _Layer(plan.height_agl_m, low_m, -np.inf, taken, plan.speed_mps)
    full = _Layer(plan.height_agl_m, plan.height_agl_m, -np.inf, taken, plan.speed_mps)
    out, out_mps, _ = _laid(course.out, full if start.airborne else layer, home_first=True)
    back, back_mps, _ = _laid(course.back, layer, home_first=False)
    return Transit(out, out_mps, back, back_mps, start.airborne)


def _taken(line: tuple[GeoPoint, ...], frame: LocalFrame) -> _Taken:
    """Air along straight lines between points, every SAMPLE_M."""
    at = np.array([(*frame.to_xy(p), p.alt_amsl_m) for p in line], dtype=np.float64)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(at[:, :2], axis=0).T) + 1e-6)])
    every = np.union1d(along, np.arange(0.0, along[-1], SAMPLE_M))
    x, y, top = (np.interp(every, along, at[:, k]) for k in range(3))
    return _Taken(np.column_stack([x, y]), top)


def _course(sector: Sector, start: Start, terrain: Terrain, frame: LocalFrame) -> _Course | Refused:
    out, back = _legal(start.area, start.place, sector.path[0]), _legal(start.area, start.home, sector.path[-1])
    if isinstance(out, Refused):
        return _no_way(sector, out)
    if isinstance(back, Refused):
        return _no_way(sector, back)
    lines = []
    for line in (out, sector.path, back[::-1]):
        ground = sample(line, terrain, SAMPLE_M)
        if ground is None:
            return Refused.because(
                "terrain", f"no ground height is known on the way of {sector.drone}", "load terrain for this area"
            )
        lines.append(_Line(ground, frame.to_xy_many(ground.lonlat)))
    return _Course(sector, *lines)


def _no_way(sector: Sector, refused: Refused) -> Refused:
    reason = refused.reasons[0]
    return Refused.because("drones", f"{sector.drone}, {reason.field}: {reason.problem}", reason.fix)


@lru_cache(maxsize=4)
def _ways(area: Area) -> Transits:
    """The legal ways of an area; made once for all drones, as it takes longest."""
    return Transits.of(area)


def _legal(area: Area | None, start: LatLon, place: LatLon) -> tuple[LatLon, ...] | Refused:
    """The way from where a drone sets out, or home, to a place of the sweep, ends included: straight, or round the
    area's no-fly zones."""
    if area is None or not area.holes:
        return start, place
    return _ways(area).way(start, place)


def _from_below(courses: list[_Course]) -> list[_Course]:
    """Lowest layer first: those that pass under others' columns come late, and of the rest those with high ground
    come first, so that the drone that has most to climb need not climb to a high layer too."""
    left = sorted(courses, key=lambda c: (-float(c.out.ground.ground.max()), c.sector.sector))
    under = {(a.sector.sector, b.sector.sector): _passes_m(a, b) for a in left for b in left if a is not b}
    ordered: list[_Course] = []
    while left:
        names = [c.sector.sector for c in left]
        worse = [sum(under[a, b] - under[b, a] for b in names if b != a) for a in names]
        ordered.append(left.pop(worse.index(min(worse))))
    return ordered


def _passes_m(one: _Course, other: _Course) -> int:
    """How far one's transits come inside NEAR_M of the other's columns, whole metres, summed."""
    ways = cKDTree(np.vstack([one.out.xy, one.back.xy]))
    away, _ = ways.query(other.columns)
    return round(float(np.maximum(NEAR_M - away, 0.0).sum()))


def _sweeping(other: _Course, height_agl_m: float, mine: _Course) -> _Taken:
    """Air that another's sweep takes, but for where my own goes up and down through it anyway."""
    away, _ = cKDTree(mine.columns[1:]).query(other.sweep.xy)
    counts = away > NEAR_M + SAMPLE_M
    return _Taken(other.sweep.xy[counts], other.sweep.ground.ground[counts] + height_agl_m + SWEEP_OFF_M)


def _floor(line: _Line, layer: _Layer, *, home_first: bool) -> Floats:
    """Least heights (n,) m AMSL: low over home, then as high as can be climbed, up to the layer's full height."""
    along, ground = line.ground.along, line.ground.ground
    from_home = along if home_first else along[-1] - along
    home, sector = (0, -1) if home_first else (-1, 0)
    low, full = ground + layer.low_agl_m, ground + layer.full_agl_m
    floor = np.maximum(low, np.minimum(full, low[home] + layer.slope * from_home))
    floor[sector] = full[sector]
    least: Floats = np.maximum(np.maximum(floor, layer.least_amsl_m), _over(line.xy, layer.others))
    return least


def _over(xy: Floats, others: Iterable[_Taken]) -> Floats:
    """Least heights (n,) m AMSL that keep STACK_M over all air taken within NEAR_M; -inf where there is none."""
    least = np.full(len(xy), -np.inf)
    reach = NEAR_M + SAMPLE_M
    low, high = xy.min(axis=0) - reach, xy.max(axis=0) + reach
    line = cKDTree(xy)
    for taken in others:
        close = ((taken.xy >= low) & (taken.xy <= high)).all(axis=1)
        if close.any():
            near = line.sparse_distance_matrix(cKDTree(taken.xy[close]), reach, output_type="ndarray")
            np.maximum.at(least, near["i"], taken.top[close][near["j"]] + STACK_M)
    return least


def _laid(line: _Line, layer: _Layer, *, home_first: bool) -> tuple[tuple[GeoPoint, ...], tuple[float, ...], _Taken]:
    """A way's points, its speeds, and the air it takes."""
    along, lonlat = line.ground.along, line.ground.lonlat
    floor = _floor(line, layer, home_first=home_first)
    bends = line.ground.corners[1:-1]
    at, heights = legs_over(along, floor, lowest_over(along, floor, layer.slopes), LEGS + len(bends), bends)
    lon, lat = (np.interp(at, along, lonlat[:, axis]) for axis in (0, 1))
    points = tuple(
        GeoPoint(float(a), float(o), MetresAmsl(float(h))) for a, o, h in zip(lat, lon, heights, strict=True)
    )
    speeds = tuple(
        layer.leg_mps(float(b[0] - a[0]), float(a[1] - b[1])) for a, b in pairwise(zip(at, heights, strict=True))
    )
    return points, speeds, _Taken(line.xy, np.interp(along, at, heights))
