"""The file that `airground plan` writes: sectors as [longitude, latitude] paths with their figures."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from core.errors import Malformed
from core.geo import Area, LatLon
from core.units import within
from flightops.planning.airspace.over_ground import Relief, followed
from flightops.planning.area import checked_area
from flightops.planning.export.heights import height_figures
from flightops.planning.finding.asked import LikelyWish, planned
from flightops.planning.fleet.drones import FleetDrone
from flightops.planning.fleet.plan import like_flights, plan_fleet
from flightops.planning.fleet.shares import Errand
from flightops.planning.fleet.watch import WatchWish, plan_watch
from flightops.planning.footprint import PERSON_M, Look
from flightops.planning.paths.timing import STILL, Pace
from flightops.planning.patterns.wish import PatternName, PatternWish, ground_for, plan_pattern
from flightops.planning.sweep import COVER_ASKED, Effort, SweepPlan, SweepRequest, plan_sweep


def plan_document(plan: SweepPlan) -> dict[str, Any]:
    """A plan as JSON-ready values; the caller adds `planning_s`. Paths keep full precision."""
    return {
        "sectors": [
            {
                "path": [[p.lon_deg, p.lat_deg] for p in s.path],
                "drone": s.drone + 1,
                "length_m": round(s.length_m, 1),
                "time_s": round(s.time_s, 1),
            }
            for s in plan.paths
        ],
        "cover": round(plan.cover, 6),
        "in_reach": round(plan.in_reach, 6),
        "swath_m": plan.swath_m,
        "speed_mps": plan.speed_mps,
        "makespan_s": round(plan.makespan_s, 1),
        "length_ratio": round(plan.length_ratio, 4),
        "time_ratio": round(plan.time_ratio, 4),
        "pattern": plan.pattern,
        "cells": plan.cells,
    }


def effort_from(word: str) -> Effort:
    """The effort a word names. Raises Malformed."""
    if word not in tuple(Effort):
        raise Malformed("--effort", f"{word!r} is none", f"one of {', '.join(Effort)}")
    return Effort(word)


@dataclass(frozen=True, slots=True)
class PlanWish:
    """What `airground plan` is asked beside the area: swath m, speed m/s, drones and their home, share to cover;
    `plain`: straight parallel lines only; paths keep `margin_m` inside; `wind_mps`: what the air moves by, east and
    north; `pattern`: another than the sweep; `relief`: ground to follow; `look`: the camera that gives the swath;
    `endurance_s`: of each drone, None: unknown; `fleet`: in place of drones, home, speed and endurance; `likely`: where
    somebody may be, None: everywhere alike; `watch`: the orbit is watched without a break."""

    swath_m: float
    speed_mps: float = 12.0
    drones: int = 1
    home: LatLon | None = None
    cover: float = COVER_ASKED
    effort: Effort = Effort.FAST
    plain: bool = False
    height_agl_m: float = 60.0
    margin_m: float = 0.0
    wind_mps: tuple[float, float] = STILL
    pattern: PatternWish | None = None
    relief: Relief | None = None
    look: Look | None = None
    endurance_s: float | None = None
    fleet: tuple[FleetDrone, ...] = ()
    likely: LikelyWish | None = None
    watch: WatchWish | None = None

    def __post_init__(self) -> None:
        within("height_agl_m", self.height_agl_m, 5.0, 500.0)
        shape = {"--pattern": self.pattern is not None and not self.watch, "--dem": self.relief is not None}
        likely = {"--probability": self.likely is not None}
        _together("a fleet of unlike drones", bool(self.fleet), {**shape, **likely})
        _together("a plan by probability", self.likely is not None, {**shape, "--margin": self.margin_m > 0.0})
        if self.watch is not None:
            _together("a watch", True, likely)
            self._can_be_watched()
        if self.endurance_s is not None and self.relief is not None:
            problem = "batteries are judged over level ground"
            raise Malformed("--endurance", problem, "leave it out, or leave out --dem")

    def _can_be_watched(self) -> None:
        """Raises Malformed when it isn't said what is watched, or by whom."""
        if self.pattern is None or self.pattern.name is not PatternName.ORBIT:
            raise Malformed("--watch", "what is watched is an orbit", "give --pattern orbit, and --datum")
        if not self.fleet and (self.home is None or self.endurance_s is None):
            raise Malformed("--watch", "turns need batteries and a home", "give --fleet, or --home and --endurance")

    @property
    def like(self) -> tuple[FleetDrone, ...]:
        """The like drones with their home, where they have one; named 1, 2, ..."""
        if self.home is None:
            return ()
        one = FleetDrone(
            "1", self.home, self.speed_mps, self.swath_m, self.endurance_s, height_agl_m=self.height_agl_m,
            wind_mps=self.wind_mps,
        )  # fmt: skip
        return tuple(replace(one, name=str(k + 1)) for k in range(self.drones))

    @property
    def paces(self) -> tuple[Pace, ...]:
        """How the drones fly, in the wind: those of the fleet, else the like ones. Raises Malformed: too much wind."""
        if not self.fleet:
            return (Pace(self.speed_mps, wind_mps=self.wind_mps),)
        return tuple(replace(d, wind_mps=self.wind_mps).pace for d in self.fleet)


def _together(what: str, asked: bool, given: dict[str, bool]) -> None:
    """Raises Malformed for the first option given that `what` can't be planned with."""
    for option in (o for o, is_given in given.items() if asked and is_given):
        raise Malformed(option, f"{what} can't be planned with it", "leave one of them out")


def plan_area_file(text: str, wish: PlanWish) -> dict[str, Any]:
    """The plan for a GeoJSON text: what `airground plan` writes, less `planning_s`. Raises Malformed."""
    try:
        doc = json.loads(text)
    except (ValueError, RecursionError) as wrong:
        raise Malformed("area", f"this is not JSON: {wrong}", "give a GeoJSON Polygon or a Feature with one") from wrong
    area, pattern = ground_for(doc, wish.pattern)
    figures = _figures(area, pattern, wish)
    rings = [[[p.lon_deg, p.lat_deg] for p in (*r, r[0])] for r in (area.outer, *area.holes)]
    home = {} if wish.home is None else {"home": [wish.home.lon_deg, wish.home.lat_deg]}
    asked = {"cover_asked": wish.cover, "height_agl_m": wish.height_agl_m, "margin_m": wish.margin_m}
    ground = {"area": {"type": "Polygon", "coordinates": rings}, "wind_mps": list(wish.wind_mps)}
    return {**asked, **ground, **home, **figures}


def _figures(area: Area, pattern: PatternWish | None, wish: PlanWish) -> dict[str, Any]:
    if wish.watch is not None and pattern is not None:
        return _watch_plan(area, pattern, wish.watch, wish)
    return _fleet_plan(area, wish) if wish.fleet else _like_plan(area, pattern, wish)


def _watch_plan(area: Area, pattern: PatternWish, watch: WatchWish, wish: PlanWish) -> dict[str, Any]:
    drones = tuple(replace(d, wind_mps=wish.wind_mps) for d in wish.fleet) or wish.like
    fastest = max(d.speed_mps for d in drones)
    request = SweepRequest(area, wish.swath_m, fastest, margin_m=wish.margin_m, wind_mps=wish.wind_mps)
    ring = plan_pattern(request, pattern, wish.effort)
    flown = plan_watch(checked_area(area), ring, drones, watch)
    doc = plan_document(ring)
    return {**doc, "sectors": [{**doc["sectors"][0], "flights": len(flown["flights"])}], **flown}


def _fleet_plan(area: Area, wish: PlanWish) -> dict[str, Any]:
    errand = Errand(checked_area(area), wish.cover, wish.effort, wish.plain, wish.margin_m)
    return plan_fleet(errand, tuple(replace(d, wind_mps=wish.wind_mps) for d in wish.fleet))


def _like_plan(area: Area, pattern: PatternWish | None, wish: PlanWish) -> dict[str, Any]:
    """A plan for like drones; with a home, their flights too; with heights when it follows the ground, and its
    camera."""
    homes = () if wish.home is None else (wish.home,) * max(wish.drones, 1)
    request = SweepRequest(
        area, wish.swath_m, wish.speed_mps, drones=wish.drones, homes=homes, cover=wish.cover, plain=wish.plain,
        margin_m=wish.margin_m, wind_mps=wish.wind_mps,
    )  # fmt: skip

    def made(swath_m: float) -> SweepPlan:
        asked = replace(request, swath_m=swath_m)
        return plan_sweep(asked, wish.effort) if pattern is None else plan_pattern(asked, pattern, wish.effort)

    camera = {} if wish.look is None else {"camera": _camera(wish.look, wish.height_agl_m)}
    if wish.likely is not None:
        plan, found = planned(request, wish.likely, wish.effort, wish.height_agl_m)
        return {**_with_flights(plan, request, wish), **camera, "probability": found}
    if wish.relief is None:
        return {**_with_flights(made(request.swath_m), request, wish), **camera}
    found = followed(made, request.swath_m, request.pace, wish.relief)
    figures, flat = height_figures(found, wish.relief, area, wish.home), plan_document(found.plan)
    sectors = [{**s, **h} for s, h in zip(flat["sectors"], figures["sectors"], strict=True)]
    return {**flat, **figures, "sectors": sectors, **camera}


def _with_flights(plan: SweepPlan, request: SweepRequest, wish: PlanWish) -> dict[str, Any]:
    """The plan's document, with whole flights when its drones have a home."""
    if wish.home is None:
        return plan_document(plan)
    flights = like_flights(plan, request.area, wish.like)
    return flights.added_to(plan_document(flights.plan))


def _camera(look: Look, height_agl_m: float) -> dict[str, Any]:
    return {
        "hfov_deg": look.camera.hfov_deg,
        "vfov_deg": round(look.camera.vfov_deg, 3),
        "gimbal_pitch_deg": look.gimbal_pitch_deg,
        "sidelap": look.sidelap,
        "image_width_px": look.camera.width_px,
        "person_m": PERSON_M,
        "person_px_far": round(look.far_px(height_agl_m), 2),
    }
