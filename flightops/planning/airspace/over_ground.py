"""Plans that follow the ground, and lines no farther apart than what is truly seen from the heights that result.

Ground that falls and rises faster than a drone sinks and climbs is flown over higher, ridges lower: a plan's least
height above the ground it looks at decides its swath. Where that is less than the lines were laid for, the plan is made
again with the narrower one. It ends: no path comes nearer than LEAST_SHARE of its height to any ground it looks at.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from core.errors import Malformed, Refused
from core.geo import Floats, LatLon, LocalFrame
from core.terrain import Terrain
from core.units import positive, within
from flightops.planning.airspace.terrain_profile import Band, Ground, Profile, Slopes, TooHigh, profile
from flightops.planning.airspace.timed import Rates
from flightops.planning.footprint import Look
from flightops.planning.paths.timing import Pace, flight_s, length_m
from flightops.planning.sweep import SweepPath, SweepPlan

LEAST_SHARE, MOST_SHARE = 0.8, 1.25
"""Of the height asked: the lower limit over all ground within half a swath of the path, and the upper one over the
ground below, which steep ground may break (and the plan tells where)."""
ROUNDS = 4
SPARE = 0.998
"""A plan laid anew takes this share of the swath found, since other lines find other ground."""
Maker = Callable[[float], SweepPlan]
"""A plan for lines so far apart, m."""


@dataclass(frozen=True, slots=True)
class Relief:
    """Ground to follow, the height above it, and how fast drones climb and sink."""

    terrain: Terrain
    height_agl_m: float
    rates: Rates
    look: Look | None = None

    def __post_init__(self) -> None:
        within("height_agl_m", self.height_agl_m, 5.0, 500.0)

    @property
    def band(self) -> Band:
        """The height asked and its limits."""
        return Band(self.height_agl_m, LEAST_SHARE * self.height_agl_m, MOST_SHARE * self.height_agl_m)


@dataclass(frozen=True, slots=True)
class Heights:
    """Heights of a path's points: above sea level and above the ground below, m; the least and greatest above the
    ground below anywhere on it; stretches higher than the upper limit."""

    amsl_m: tuple[float, ...]
    agl_m: tuple[float, ...]
    least_agl_m: float
    most_agl_m: float
    too_high: tuple[TooHigh, ...]

    def __post_init__(self) -> None:
        if len(self.amsl_m) != len(self.agl_m):
            raise Malformed("heights", f"{len(self.amsl_m)} above the sea, {len(self.agl_m)} above ground", "give both")
        positive("least_agl_m", self.least_agl_m)


@dataclass(frozen=True, slots=True)
class Followed:
    """A plan whose paths have a point wherever they bend up or down, the heights of each, and the swath seen at the
    height asked, m."""

    plan: SweepPlan
    heights: tuple[Heights, ...]
    full_swath_m: float


def followed(make: Maker, swath_m: float, pace: Pace, relief: Relief) -> Followed:
    """The plan of the widest swath, at most swath_m, that is truly seen all along it. Deterministic.

    `swath_m` is seen at the height asked (or less than is: a look sees more). Raises Malformed as `make` does, where
    no ground height is known, and where a person has too few pixels.
    """
    full_m = swath_m if relief.look is None else relief.look.swath_m(relief.height_agl_m)
    least_m = min(swath_m, LEAST_SHARE * full_m)
    laid_m = swath_m
    for tries in range(ROUNDS):
        plan = make(laid_m)
        frame = _frame(plan)
        profiles = [_profile(s, frame, relief, swath_m / 2.0, pace) for s in plan.paths]
        seen_m = full_m * min(p.least_seen_m for p in profiles) / relief.height_agl_m
        if laid_m <= seen_m * (1.0 + 1e-9):
            break
        laid_m = least_m if tries == ROUNDS - 2 else max(SPARE * seen_m, least_m)
    _enough_pixels(profiles, relief)
    risen = [_risen(p, frame, pace, s) for p, s in zip(profiles, plan.paths, strict=True)]
    ground = Ground(frame, relief.terrain)
    heights = tuple(_heights(p, ground) for p in profiles)
    return Followed(replace(plan, paths=tuple(risen)), heights, full_m)


def _frame(plan: SweepPlan) -> LocalFrame:
    """A frame amid the plan's paths."""
    places = [(p.lat_deg, p.lon_deg) for s in plan.paths for p in s.path]
    low, high = np.min(places, axis=0), np.max(places, axis=0)
    return LocalFrame(LatLon(float(low[0] + high[0]) / 2.0, float(low[1] + high[1]) / 2.0))


def _profile(path: SweepPath, frame: LocalFrame, relief: Relief, beside_m: float, pace: Pace) -> Profile:
    xy = frame.to_xy_many(np.array([[p.lon_deg, p.lat_deg] for p in path.path]))
    slopes = Slopes.at(pace.speed_mps, relief.rates)
    found = profile(xy, Ground(frame, relief.terrain), relief.band, slopes, beside_m)
    if isinstance(found, Refused):
        reason = found.reasons[0]
        raise Malformed(reason.field, reason.problem, reason.fix)
    return found


def _enough_pixels(profiles: list[Profile], relief: Relief) -> None:
    """Raises Malformed when a person has too few pixels from where a path is highest over the ground it looks at."""
    if relief.look is None or relief.look.person_px is None:
        return
    most_m = max(p.most_seen_m for p in profiles)
    try:
        relief.look.check(most_m)
    except Malformed as wrong:
        do_m = math.floor(relief.height_agl_m * relief.look.far_px(most_m) / relief.look.person_px)
        raise Malformed(
            wrong.field,
            f"where the ground falls off, {wrong.problem}",
            f"fly at {do_m} m above ground or lower, let it climb and sink faster, or take a narrower view",
        ) from wrong


def _risen(found: Profile, frame: LocalFrame, pace: Pace, before: SweepPath) -> SweepPath:
    """The path with a point at each of its bends, up and down too."""
    xy: Floats = found.points[:, :2]
    places = tuple(LatLon(float(lat), float(lon)) for lon, lat in frame.to_lonlat_many(xy))
    return SweepPath(before.drone, places, length_m(xy), flight_s(xy, pace))


def _heights(found: Profile, ground: Ground) -> Heights:
    amsl = found.points[:, 2]
    agl = amsl - ground.under(found.points[:, :2])
    return Heights(
        tuple(map(float, amsl)),
        tuple(map(float, agl)),
        found.lowest_agl_m,
        found.highest_agl_m,
        found.too_high,
    )
