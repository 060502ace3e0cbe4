"""A place watched by turns: read back from the plan's JSON by code of its own."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Malformed
from core.geo import Area, LatLon
from flightops.planning.finding.asked import LikelyWish
from flightops.planning.fleet.drones import FleetDrone
from flightops.planning.fleet.watch import WatchWish
from flightops.planning.patterns.wish import PatternName, PatternWish
from flightops.planning.plan_file import PlanWish, plan_area_file
from tests.flightops.planning.fleet.flown import (
    FRAME,
    airspeeds,
    at,
    block,
    least_spare,
    over_zones_m,
    place,
    too_near,
    way_points,
)
from tests.flightops.planning.fleet.test_fleet_plan import geojson

FIELD = Area(block(0, 0, 900, 700), (block(-300, 100, 200, 200), block(600, 500, 80, 80)))
DATUM = at(300, 300)
THREE = (
    FleetDrone("hawk", at(-340, 60), 12.0, 30.0, 1500.0),
    FleetDrone("kite", at(-60, -40), 8.0, 40.0, 2000.0, 2.0, 75.0),
    FleetDrone("wren", at(940, 680), 11.0, 25.0, 1300.0, 4.0),
)
TURNAROUND_S = 300.0


def watched(
    fleet: tuple[FleetDrone, ...], minutes: float, overlap_s: float = 30.0, datum: LatLon = DATUM, **more: Any
) -> dict[str, Any]:
    wish = PlanWish(
        30.0,
        pattern=PatternWish(PatternName.ORBIT, datum=datum),
        fleet=fleet,
        watch=WatchWish(60.0 * minutes, overlap_s),
        **more,
    )
    area = Area(FIELD.outer, FIELD.holes[1:])
    return plan_area_file(geojson(area), wish)


def on_ring(doc: dict[str, Any], times: np.ndarray) -> np.ndarray:
    """How many drones are on the ring, at one of its two heights, at times."""
    ring = FRAME.to_xy_many(np.array(doc["sectors"][0]["path"]))
    middle, radius = ring[:-1].mean(axis=0), float(np.hypot(*(ring[0] - ring[:-1].mean(axis=0))))
    heights = sorted({t["height_m"] for t in doc["watch"]["turns"]})
    count = np.zeros(len(times), dtype=int)
    for flight in doc["flights"]:
        where = place(way_points(flight), times)
        level = np.min([np.abs(where[:, 2] - h) for h in heights], axis=0) < 0.1
        count += level & (np.abs(np.hypot(*(where[:, :2] - middle).T) - radius) < 2.5)
    return count


def kept(doc: dict[str, Any], fleet: tuple[FleetDrone, ...], overlap_s: float) -> None:
    """Every promise of a watch."""
    watch, flights = doc["watch"], doc["flights"]
    assert watch["unwatched_s"] == 0.0
    assert (on_ring(doc, np.arange(watch["from_s"] + 0.1, watch["to_s"], 0.5)) >= 1).all()
    for a, b in pairwise(watch["turns"]):
        assert a["height_m"] != b["height_m"]
        assert a["off_station_s"] - b["on_station_s"] >= overlap_s - 0.2
        both = np.arange(b["on_station_s"] + 0.2, a["off_station_s"] - 0.2, 0.5)
        assert (on_ring(doc, both) == 2).all()
    assert not too_near(doc)
    for drone in fleet:
        mine = [f for f in flights if f["drone"] == drone.name]
        assert all(b["start_s"] >= a["end_s"] + TURNAROUND_S - 0.01 for a, b in pairwise(mine))
        told = {"speed_mps": drone.speed_mps, "climb_mps": drone.climb_mps, "endurance_s": drone.endurance_s or 0.0}
        assert all(least_spare(f, told, drone.wind_mps) > -0.004 for f in mine)


def test_three_unlike_drones_leave_no_second_unwatched() -> None:
    doc = watched(THREE, 75.0)
    kept(doc, THREE, 30.0)
    assert len(doc["flights"]) == len(doc["watch"]["turns"]) == doc["sectors"][0]["flights"] >= 4
    assert doc["watch"]["to_s"] - doc["watch"]["from_s"] == pytest.approx(4500.0, abs=0.2)


def test_ways_to_a_watch_keep_off_no_fly_zones() -> None:
    wish = PlanWish(
        30.0, pattern=PatternWish(PatternName.ORBIT, datum=DATUM), fleet=THREE, watch=WatchWish(3000.0)
    )  # fmt: skip
    area = Area(block(-400, 0, 1300, 700), FIELD.holes)
    doc = plan_area_file(geojson(area), wish)
    kept(doc, THREE, 30.0)
    assert over_zones_m(doc, area) == 0.0


def test_a_watch_holds_in_wind() -> None:
    doc = watched(THREE, 50.0, wind_mps=(5.0, -2.0))
    windy = tuple(replace(d, wind_mps=(5.0, -2.0)) for d in THREE)
    kept(doc, windy, 30.0)
    for flight in doc["flights"]:
        speed = next(d.speed_mps for d in THREE if d.name == flight["drone"])
        assert airspeeds(flight, (5.0, -2.0)).max() < speed + 0.6


def test_the_same_watch_twice_is_the_same_plan() -> None:
    assert watched(THREE, 30.0) == watched(THREE, 30.0)


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(-300, 1200), st.floats(-300, 1000), st.floats(6, 13), st.floats(900, 2400), st.floats(40, 90)
        ),
        min_size=2,
        max_size=5,
    ),
    st.floats(5, 90),
    st.floats(0, 90),
)
def test_any_fleet_keeps_a_watch_or_says_why_not(rows: list[tuple[float, ...]], minutes: float, overlap: float) -> None:
    fleet = tuple(
        FleetDrone(f"d{k}", at(x, y), v, 30.0, e, height_agl_m=h) for k, (x, y, v, e, h) in enumerate(rows)
    )  # fmt: skip
    try:
        doc = watched(fleet, minutes, overlap)
    except Malformed as wrong:
        named = wrong.field.startswith(("fleet", "datum", "home")) and bool(wrong.fix)
    else:
        kept(doc, fleet, overlap)
        named = True
    assert named


def test_too_few_drones_are_told_how_many_it_takes() -> None:
    with pytest.raises(Malformed, match=r"1 drones leave the point unwatched; it takes \d+ like hawk"):
        watched(THREE[:1], 60.0)
    one = watched(THREE[:1], 5.0)
    assert len(one["flights"]) == 1
    assert one["watch"]["least_overlap_s"] is None


def test_a_ring_too_tight_to_change_over_on_is_refused() -> None:
    slow = tuple(replace(d, speed_mps=4.0) for d in THREE)
    with pytest.raises(Malformed, match=r"come within \d+ m as one relieves the other") as wrong:
        watched(slow, 60.0, datum=at(20, 300))
    assert wrong.value.field == "datum"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"fleet": ()}, "--watch"),
        ({"fleet": (), "home": at(-60, -40)}, "--watch"),
        ({"fleet": THREE, "pattern": None}, "--watch"),
        ({"fleet": THREE, "pattern": PatternWish(PatternName.SECTOR)}, "--watch"),
        ({"fleet": THREE, "likely": LikelyWish("{}")}, "--probability"),
    ],
)
def test_a_watch_that_nobody_could_fly_is_named(more: dict[str, Any], field: str) -> None:
    asked: dict[str, Any] = {"pattern": PatternWish(PatternName.ORBIT), "watch": WatchWish(600.0), **more}
    with pytest.raises(Malformed) as wrong:
        PlanWish(30.0, **asked)
    assert wrong.value.field == field
