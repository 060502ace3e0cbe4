"""The desk's door and the plan file: orders in, sectors out; a refusal instead of an error."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import shapely

from core.camera import THERMAL_640, Camera
from core.commands import SearchArea
from core.errors import Malformed, Refused
from core.events import SearchPlan
from core.geo import Area, LatLon, LocalFrame, distance_m
from core.ids import DroneId, PersonName, SearchId
from flightops.planning.plan_file import PlanWish, plan_area_file
from flightops.planning.search import plan_search
from flightops.planning.transit import transit

FRAME = LocalFrame(LatLon(28.8885, 120.036))


def ring(*xy: tuple[float, float]) -> tuple[LatLon, ...]:
    return tuple(FRAME.to_latlon(x, y) for x, y in xy)


FOREST = Area(ring((0, 0), (400, 0), (400, 250), (0, 250)), (ring((150, 100), (200, 100), (200, 150), (150, 150)),))
BOW_TIE = Area(ring((0, 0), (400, 300), (400, 0), (0, 300)))
DRONES = tuple((DroneId(f"d{k}"), FRAME.to_latlon(-300, 50 * k)) for k in (1, 2, 3))


def order(area: Area = FOREST, **more: object) -> SearchArea:
    return SearchArea(SearchId("s1"), area, PersonName("li"), **more)  # type: ignore[arg-type]


def test_an_order_becomes_a_plan() -> None:
    plan = plan_search(order(swath_m=20.0), DRONES, THERMAL_640)
    assert isinstance(plan, SearchPlan)
    assert [s.sector for s in plan.sectors] == ["s1.1", "s1.2", "s1.3"]
    assert {s.drone for s in plan.sectors} == {"d1", "d2", "d3"}
    assert plan.cover >= 0.995
    for sector in plan.sectors:
        flown = sum(distance_m(a, b) for a, b in zip(sector.path, sector.path[1:], strict=False))
        assert sector.length_m == pytest.approx(flown, rel=1e-4)
        assert sector.time_s > sector.length_m / 12.0


def test_sweeps_keep_off_the_outline_and_no_fly_zones() -> None:
    for wish, kept_m in ((order(swath_m=20.0), 5.0), (order(swath_m=20.0, margin_m=8.0), 8.0)):
        plan = plan_search(wish, DRONES, THERMAL_640)
        assert isinstance(plan, SearchPlan)
        hole, outline = (shapely.Polygon([FRAME.to_xy(p) for p in r]) for r in (FOREST.holes[0], FOREST.outer))
        for sector in plan.sectors:
            path = shapely.linestrings([FRAME.to_xy(p) for p in sector.path])
            assert shapely.distance(path, hole) >= kept_m
            assert shapely.distance(path, outline.exterior) >= kept_m


def test_who_asks_for_plain_lines_gets_them() -> None:
    blob = Area(ring(*((200 * math.cos(a), 140 * math.sin(a)) for a in np.linspace(0, 6.0, 14))))
    free, plain = (
        plan_search(order(blob, swath_m=20.0, plain=asked), DRONES[:1], THERMAL_640) for asked in (False, True)
    )
    assert isinstance(free, SearchPlan)
    assert isinstance(plain, SearchPlan)

    def straight(plan: SearchPlan) -> float:
        """Share of the path flown within 1.5 degrees of one direction, the best."""
        legs = np.diff([FRAME.to_xy(p) for p in plan.sectors[0].path], axis=0)
        far, ways = np.hypot(*legs.T), np.degrees(np.arctan2(legs[:, 1], legs[:, 0]))
        near = np.abs((ways[:, None] - ways[None, :] + 90) % 180 - 90) < 1.5
        return float((near @ far).max() / far.sum())

    assert straight(plain) > 0.75 > 0.6 > straight(free)


def test_swath_follows_from_camera_and_height() -> None:
    plan = plan_search(order(height_agl_m=60.0), ((DroneId("d1"), None),), THERMAL_640)
    assert isinstance(plan, SearchPlan)
    assert plan.swath_m == pytest.approx(0.9 * 49.71, abs=0.01)


def test_a_view_that_reaches_the_horizon_is_refused_even_with_a_swath() -> None:
    """Vision places nobody seen in such a view: the sweep would look at the area and find no one."""
    wide = Camera(640, 512, 75.0)
    for pitch, good in ((-90.0, True), (-45.0, True), (-38.0, True), (-36.0, False), (-30.0, False)):
        plan = plan_search(order(swath_m=40.0, gimbal_pitch_deg=pitch), DRONES, wide)
        assert isinstance(plan, Refused) != good
        if isinstance(plan, Refused):
            assert plan.reasons[0].field == "gimbal_pitch_deg"


def test_no_drone_and_bad_areas_are_refusals() -> None:
    none = plan_search(order(), (), THERMAL_640)
    assert isinstance(none, Refused)
    assert none.reasons[0].field == "drones"
    crossed = plan_search(order(BOW_TIE), DRONES, THERMAL_640)
    assert isinstance(crossed, Refused)
    assert crossed.reasons[0].field.startswith("geometry.coordinates[0]")
    assert "crosses" in crossed.reasons[0].problem


def geojson(area: Area = FOREST) -> str:
    rings = [[[p.lon_deg, p.lat_deg] for p in (*r, r[0])] for r in (area.outer, *area.holes)]
    return json.dumps({"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": rings}})


def test_plan_file_holds_what_the_scorer_reads() -> None:
    doc = plan_area_file(geojson(), PlanWish(20.0, drones=2, home=FRAME.to_latlon(-100, 0)))
    again = json.loads(json.dumps(doc))
    assert again == doc
    assert [s["drone"] for s in doc["sectors"]] == [1, 2]
    for sector in doc["sectors"]:
        assert len(sector["path"]) > 2
        assert all(119 < lon < 121 and 28 < lat < 29 for lon, lat in sector["path"])
    assert doc["cover"] >= 0.995
    assert doc["swath_m"] == 20.0
    assert doc["speed_mps"] == 12.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("null", "not GeoJSON"),
        (geojson(BOW_TIE), "crosses"),
        (geojson().replace("120.0", "NaN", 1), "finite|not JSON"),
    ],
)
def test_bad_files_are_refused(text: str, words: str) -> None:
    with pytest.raises(Malformed, match=words):
        plan_area_file(text, PlanWish(20.0))


def test_transit_goes_round_no_fly_zones() -> None:
    start, end = FRAME.to_latlon(-100, 125), FRAME.to_latlon(380, 125)
    way = transit(FOREST, start, end)
    assert isinstance(way, tuple)
    assert way[0] == start
    assert way[-1] == end
    hole = shapely.Polygon([FRAME.to_xy(p) for p in FOREST.holes[0]])
    line = shapely.linestrings([FRAME.to_xy(p) for p in way])
    assert hole.distance(line) == pytest.approx(5.0, abs=0.2)
    assert 480 < line.length < 500


def test_transit_is_straight_where_it_can_be() -> None:
    start, end = FRAME.to_latlon(-100, 20), FRAME.to_latlon(380, 20)
    assert transit(FOREST, start, end) == (start, end)


def test_transit_starts_close_to_a_hole() -> None:
    start, end = FRAME.to_latlon(149, 125), FRAME.to_latlon(201, 125)
    way = transit(FOREST, start, end)
    assert isinstance(way, tuple)
    hole = shapely.Polygon([FRAME.to_xy(p) for p in FOREST.holes[0]])
    assert not hole.intersects(shapely.linestrings([FRAME.to_xy(p) for p in way]))


def test_home_over_a_no_fly_zone_is_refused() -> None:
    way = transit(FOREST, FRAME.to_latlon(175, 125), FRAME.to_latlon(380, 125))
    assert isinstance(way, Refused)
    assert way.reasons[0].field == "home"
    assert math.isfinite(len(str(way)))
