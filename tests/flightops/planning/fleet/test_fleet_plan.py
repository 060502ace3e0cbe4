"""Fleets over whole areas: shares by what each drone can do, covered together, even in time, and the JSON of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Malformed
from core.geo import Area, LatLon
from flightops.planning.area import checked_area
from flightops.planning.fleet.drones import FleetDrone
from flightops.planning.parts import parts_along
from flightops.planning.paths.making import Effort, flyable
from flightops.planning.paths.timing import STILL, Pace, flight_s
from flightops.planning.paths.verify import judge
from flightops.planning.plan_file import PlanWish, plan_area_file
from tests.flightops.planning.fleet.flown import (
    FRAME,
    airspeeds,
    at,
    block,
    least_spare,
    over_zones_m,
    ring,
    too_near,
)

FIELD = Area(block(0, 0, 700, 450), (block(300, 150, 120, 100),))
UNLIKE = (
    FleetDrone("hawk", at(-40, -40), 12.0, 30.0, 3600.0),
    FleetDrone("kite", at(-60, -40), 7.0, 45.0, 3600.0, height_agl_m=75.0),
    FleetDrone("wren", at(740, 480), 16.0, 25.0, 3600.0, 4.0),
)


def geojson(area: Area) -> str:
    rings = [[[p.lon_deg, p.lat_deg] for p in (*r, r[0])] for r in (area.outer, *area.holes)]
    return json.dumps({"type": "Polygon", "coordinates": rings})


def planned(area: Area, fleet: tuple[FleetDrone, ...], effort: Effort = Effort.FIRST) -> dict[str, Any]:
    return plan_area_file(geojson(area), PlanWish(30.0, effort=effort, fleet=fleet))


def seen(area: Area, doc: dict[str, Any]) -> float:
    """Share of the area within half of each path's own swath, by one buffer a leg."""
    ground = shapely.Polygon(*_rings(area))
    strips = []
    for sector in doc["sectors"]:
        xy = FRAME.to_xy_many(np.array(sector["path"]))
        strips += list(shapely.buffer(shapely.linestrings(np.stack([xy[:-1], xy[1:]], axis=1)), sector["swath_m"] / 2))
    return float(shapely.union_all(strips).intersection(ground).area / ground.area)


def _rings(area: Area) -> tuple[list[tuple[float, float]], list[list[tuple[float, float]]]]:
    outer, *holes = [[FRAME.to_xy(p) for p in r] for r in (area.outer, *area.holes)]
    return outer, holes


def sound(area: Area, doc: dict[str, Any]) -> None:
    """Covered, apart, off the zones; sectors without ways, each flown by its flights."""
    assert seen(area, doc) >= 0.995 - 1e-4
    assert too_near(doc) == []
    assert over_zones_m(doc, area) == 0.0
    ground = shapely.Polygon(*_rings(area)).buffer(0.05)
    for k, sector in enumerate(doc["sectors"]):
        assert ground.covers(shapely.LineString(FRAME.to_xy_many(np.array(sector["path"]))))
        mine = [f for f in doc["flights"] if f["sector"] == k + 1]
        assert len(mine) == sector["flights"] >= 1
        assert {f["drone"] for f in mine} == {sector["drone"]}


@pytest.mark.slow
def test_unlike_drones_share_an_area_by_what_they_can_do() -> None:
    doc = planned(FIELD, UNLIKE)
    sound(FIELD, doc)
    assert {s["drone"] for s in doc["sectors"]} == {"hawk", "kite", "wren"}
    assert doc["fleet"]["balance"] <= 1.12
    for sector, drone in ((s, d) for s in doc["sectors"] for d in UNLIKE if d.name == s["drone"]):
        assert (sector["swath_m"], sector["speed_mps"], sector["height_agl_m"]) == (
            drone.swath_m, drone.speed_mps, drone.height_agl_m,
        )  # fmt: skip
        assert sector["time_s"] > sector["length_m"] / drone.speed_mps
    assert json.loads(json.dumps(doc)) == doc
    again = planned(FIELD, UNLIKE)
    assert again == doc


@pytest.mark.slow
def test_like_drones_from_unlike_homes_are_even_with_their_ways() -> None:
    fleet = tuple(FleetDrone(f"d{k}", at(-1200.0 * (k == 2), -40), 12.0, 30.0) for k in range(3))
    doc = planned(FIELD, fleet)
    sound(FIELD, doc)
    assert doc["fleet"]["balance"] <= 1.1
    times = {s["drone"]: s["time_s"] for s in doc["sectors"]}
    assert times["d2"] < times["d0"] - 60.0


@pytest.mark.slow
def test_a_drone_too_far_off_to_help_stays_at_home() -> None:
    far = FleetDrone("far", at(-20_000, 0), 12.0, 30.0)
    doc = planned(FIELD, (*UNLIKE[:2], far))
    sound(FIELD, doc)
    assert {s["drone"] for s in doc["sectors"]} == {"hawk", "kite"}


@pytest.mark.slow
@settings(max_examples=6, deadline=None)
@given(st.data())
def test_random_fleets(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    turn = np.sort(rng.uniform(0, 2 * np.pi, 9)) + np.arange(9) * 0.01
    far = rng.uniform(250, 450, 9)
    hole = ring(*[(60 * np.cos(a), 60 * np.sin(a)) for a in np.linspace(0, 5.5, 7)])
    outer = shapely.Polygon(np.column_stack([far * np.cos(turn), far * np.sin(turn)])).buffer(150).simplify(5)
    area = Area(ring(*list(outer.exterior.coords)[:-1]), (hole,))
    fleet = tuple(
        FleetDrone(f"d{k}", at(*rng.uniform(-700, -610, 2)), float(rng.uniform(6, 16)), float(rng.uniform(25, 60)),
                   3600.0, float(rng.uniform(2, 5)), float(rng.choice([50.0, 60.0, 80.0])))
        for k in range(data.draw(st.integers(1, 4)))
    )  # fmt: skip
    doc = planned(area, fleet)
    sound(area, doc)
    assert doc["fleet"]["balance"] <= 1.25


def test_cover_is_judged_with_each_paths_own_swath() -> None:
    ground = shapely.box(0, 0, 100, 60)
    paths = (np.array([[10.0, 20.0], [90.0, 20.0]]), np.array([[5.0, 50.0], [95.0, 50.0]]))
    wide, narrow = judge(ground, paths, (40.0, 20.0)), judge(ground, paths, (20.0, 20.0))
    assert judge(ground, paths, 20.0) == narrow
    assert wide.cover > 0.95 > 0.7 > narrow.cover


def test_parts_of_other_weights_are_cut_the_same_way() -> None:
    ground = shapely.box(0, 0, 900, 500)
    first = parts_along(ground, (1.0, 1.0, 1.0))
    assert first is not None
    again = parts_along(ground, (1.1, 0.8, 1.1), first[1])
    assert again is not None
    assert again[1] == first[1]
    assert [p.area / 150_000 for p in again[0]] == pytest.approx([1.1, 0.8, 1.1], rel=0.01)


def test_with_a_home_like_drones_get_flights_and_keep_their_sectors() -> None:
    home = at(-40, -40)
    doc = plan_area_file(geojson(FIELD), PlanWish(30.0, drones=3, home=home, effort=Effort.FIRST, endurance_s=1500.0))
    assert [f["drone"] for f in doc["flights"]] == ["1", "2", "3"]
    assert too_near(doc) == []
    assert over_zones_m(doc, FIELD) == 0.0
    assert [s["drone"] for s in doc["sectors"]] == [1, 2, 3]
    for k, sector in enumerate(doc["sectors"]):
        assert set(sector) == {"path", "drone", "length_m", "time_s", "flights"}
        start = next(
            p for p in doc["flights"][k]["way_points"] if p[2] == 60.0 and p[:2] != [home.lon_deg, home.lat_deg]
        )
        assert start[:2] == pytest.approx(sector["path"][0], abs=1e-7)
    alone = plan_area_file(geojson(FIELD), PlanWish(30.0, drones=3, effort=Effort.FIRST))
    assert "flights" not in alone


def margin_kept(area: Area, doc: dict[str, Any]) -> None:
    """No point of a sweep nearer to the outline or a zone than the margin; the cover told is the cover measured, or
    that with coarser circles, which is a hair less."""
    ground = checked_area(area)
    paths = tuple(ground.frame.to_xy_many(np.array(s["path"])) for s in doc["sectors"])
    swaths = tuple(float(s.get("swath_m", doc.get("swath_m", 0.0))) for s in doc["sectors"])
    for path in paths:
        line = shapely.linestrings(path)
        assert ground.polygon.contains(line)
        assert ground.polygon.boundary.distance(line) >= doc["margin_m"] - 1e-3
    verdict = judge(ground.polygon, paths, swaths, flyable(ground.polygon, doc["margin_m"]))
    assert verdict.passes(doc["cover_asked"] * doc["in_reach"] - 2e-6)
    assert -1e-6 <= verdict.cover - doc["cover"] <= 1e-4
    assert doc["cover"] <= doc["in_reach"] <= 1.0
    assert doc["in_reach"] < 0.995


@pytest.mark.slow
@pytest.mark.parametrize("fleet", [UNLIKE, tuple(replace(UNLIKE[0], name=f"d{k}") for k in range(2))])
@pytest.mark.parametrize("wind", [STILL, (3.0, 3.0)])
def test_a_fleet_keeps_its_margin_in_wind_and_says_what_can_be_seen(
    fleet: tuple[FleetDrone, ...], wind: tuple[float, float]
) -> None:
    wish = PlanWish(30.0, effort=Effort.FIRST, fleet=fleet, margin_m=20.0, wind_mps=wind)
    doc = plan_area_file(geojson(FIELD), wish)
    margin_kept(FIELD, doc)
    assert too_near(doc) == []
    assert over_zones_m(doc, FIELD) == 0.0
    assert doc["wind_mps"] == list(wind)
    frame = checked_area(FIELD).frame
    for sector in doc["sectors"]:
        pace = Pace(sector["speed_mps"], wind_mps=wind)
        assert sector["time_s"] == pytest.approx(flight_s(frame.to_xy_many(np.array(sector["path"])), pace), abs=0.051)
    assert json.loads(json.dumps(doc)) == doc


def test_like_drones_keep_their_margin_and_fly_in_the_wind() -> None:
    home, wind = at(-40, -40), (6.0, -2.0)
    wish = PlanWish(30.0, drones=2, home=home, effort=Effort.FIRST, endurance_s=1200.0, margin_m=20.0, wind_mps=wind)
    doc = plan_area_file(geojson(FIELD), wish)
    margin_kept(FIELD, doc)
    assert too_near(doc) == []
    assert over_zones_m(doc, FIELD) == 0.0
    frame = checked_area(FIELD).frame
    for sector in doc["sectors"]:
        flown_s = flight_s(frame.to_xy_many(np.array(sector["path"])), Pace(12.0, wind_mps=wind))
        assert sector["time_s"] == pytest.approx(flown_s, abs=0.051)
    assert doc["makespan_s"] == max(s["time_s"] for s in doc["sectors"])
    drone = {"speed_mps": 12.0, "climb_mps": 2.5, "endurance_s": 1200.0}
    for flight in doc["flights"]:
        assert least_spare(flight, drone, wind) >= -0.003
        assert airspeeds(flight, wind).max() <= 12.15


def test_a_margin_that_leaves_nothing_is_refused_by_name() -> None:
    for margin_m, says in (
        (400.0, "leaves nothing to fly in"),
        (160.0, "margin_m"),
        (-1.0, "outside"),
        (np.nan, "nan"),
    ):
        with pytest.raises(Malformed, match=says) as wrong:
            plan_area_file(geojson(FIELD), PlanWish(30.0, effort=Effort.FIRST, fleet=UNLIKE, margin_m=margin_m))
        assert wrong.value.field == "margin_m"


def test_homes_nobody_may_fly_from_are_refused() -> None:
    over = FleetDrone("hawk", at(350, 200), 12.0, 30.0)
    with pytest.raises(Malformed, match=r"fleet\.hawk\.home"):
        planned(FIELD, (over,))
    with pytest.raises(Malformed, match="home"):
        planned(FIELD, (FleetDrone("hawk", LatLon(35.0, 120.0), 12.0, 30.0),))
