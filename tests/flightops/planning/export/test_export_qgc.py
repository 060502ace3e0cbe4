"""QGroundControl plans: structure as its developer guide has it, places within 1e-7 deg, and fences that hold."""

from __future__ import annotations

import json
from typing import Any

import pytest
import shapely

from core.errors import Malformed, Refused
from core.geo import LatLon
from flightops.planning.export.fence import Fence
from flightops.planning.export.qgc import Firmware, HeightAbove, QgcSetup, qgc_plans
from flightops.planning.export.writing import json_bytes
from tests.flightops.planning.export.documents import FRAME, HOLE, OUTER, PLANNED, document, lonlat

NUMBERS = (int, float)


def plans(doc: dict[str, Any], setup: QgcSetup | None = None) -> dict[str, Any]:
    """The plans, read again from their bytes."""
    made = qgc_plans(doc, setup)
    assert not isinstance(made, Refused), str(made)
    read = json.loads(json_bytes(made))
    assert isinstance(read, dict)
    return read


def xy(position: list[float]) -> tuple[float, float]:
    """Metres of a [latitude, longitude, ...] position."""
    return FRAME.to_xy(LatLon(position[0], position[1]))


@pytest.mark.parametrize("firmware", list(Firmware))
def test_a_plan_has_what_the_format_asks_for(firmware: Firmware) -> None:
    made = plans(document(), QgcSetup(firmware))
    assert list(made) == ["Sector 1", "Sector 2"]
    for plan in made.values():
        assert (plan["fileType"], plan["version"], plan["groundStation"]) == ("Plan", 1, "QGroundControl")
        mission = plan["mission"]
        assert (mission["version"], mission["vehicleType"], mission["firmwareType"]) == (2, 2, int(firmware))
        assert mission["hoverSpeed"] == mission["cruiseSpeed"] == PLANNED["speed_mps"]
        assert mission["globalPlanAltitudeMode"] == 1
        home = document()["home"]
        assert mission["plannedHomePosition"] == pytest.approx([home[1], home[0], 87.5], abs=1e-7)
        items = mission["items"]
        assert [i["doJumpId"] for i in items] == list(range(1, len(items) + 1))
        for item in items:
            assert item["type"] == "SimpleItem"
            assert item["autoContinue"] is True
            assert len(item["params"]) == 7
            assert all(p is None or isinstance(p, NUMBERS) for p in item["params"])
        assert plan["geoFence"]["version"] == plan["rallyPoints"]["version"] == 2
        assert plan["geoFence"]["circles"] == []


def test_a_mission_takes_off_sets_its_speed_flies_its_path_and_returns() -> None:
    doc = document()
    for sector, plan in zip(doc["sectors"], plans(doc).values(), strict=True):
        first, speed, *way, last = plan["mission"]["items"]
        assert (first["command"], first["frame"]) == (22, 3)
        assert first["params"][:4] == [0, 0, 0, None]
        assert first["params"][4:6] == pytest.approx([doc["home"][1], doc["home"][0]], abs=1e-7)
        assert first["params"][6] == 60.0
        assert (speed["command"], speed["frame"], speed["params"][:3]) == (178, 2, [1, doc["speed_mps"], -1])
        assert (last["command"], last["frame"]) == (20, 2)
        assert {(i["command"], i["frame"], i["params"][6]) for i in way} == {(16, 3, 60.0)}
        assert all((i["AltitudeMode"], i["Altitude"], i["AMSLAltAboveTerrain"]) == (1, 60.0, None) for i in way)
        path = [[lat, lon] for lon, lat in sector["path"]]
        flown = [i["params"][4:6] for i in way]
        at = next(k for k, p in enumerate(flown) if p == pytest.approx(path[0], abs=1e-7))
        assert flown[at : at + len(path)] == [pytest.approx(p, abs=1e-7) for p in path]


def test_heights_above_terrain_are_for_ardupilot() -> None:
    made = plans(document(), QgcSetup(Firmware.ARDUPILOT, HeightAbove.TERRAIN))
    first, _, *way, _ = made["Sector 1"]["mission"]["items"]
    assert made["Sector 1"]["mission"]["globalPlanAltitudeMode"] == 0
    assert (first["frame"], first["AltitudeMode"]) == (3, 1)
    assert {(i["frame"], i["AltitudeMode"]) for i in way} == {(10, 4)}
    with pytest.raises(Malformed, match="above"):
        QgcSetup(Firmware.PX4, HeightAbove.TERRAIN)


def test_the_fence_is_the_outer_ring_and_each_hole_clockwise() -> None:
    for plan in plans(document()).values():
        keep_in, keep_out = plan["geoFence"]["polygons"]
        assert (keep_in["inclusion"], keep_out["inclusion"]) == (True, False)
        assert keep_in["version"] == keep_out["version"] == 1
        for polygon, ring in ((keep_in, OUTER), (keep_out, HOLE)):
            corners = polygon["polygon"]
            assert corners[0] != corners[-1]
            assert not shapely.LinearRing([(lon, lat) for lat, lon in corners]).is_ccw
            want = [[lat, lon] for lon, lat in (lonlat(*p) for p in ring)]
            assert len(corners) == len(want)
            assert all(any(c == pytest.approx(w, abs=1e-7) for c in corners) for w in want)


def test_the_whole_flight_keeps_off_the_holes() -> None:
    hole = shapely.Polygon(HOLE)
    home = [*lonlat(-70.0, 100.0), 0.0]
    sectors = [{"path": [lonlat(150.0, -150.0), lonlat(-100.0, -150.0), lonlat(20.0, -100.0)], "drone": 1}]
    (plan,) = plans(document(home=home, sectors=sectors)).values()
    items = plan["mission"]["items"]
    flown = [xy(i["params"][4:6]) for i in items if i["command"] in (16, 22)]
    line = shapely.LineString([*flown, FRAME.to_xy(LatLon(home[1], home[0]))])
    assert len(flown) > 4
    assert line.distance(hole) > 1.0


def test_rally_points_have_a_height_above_home() -> None:
    doc = document()
    for plan in plans(doc).values():
        points = plan["rallyPoints"]["points"]
        assert [p[2] for p in points] == [60.0, 40.0]
        assert [p[:2] for p in points] == [pytest.approx([r[1], r[0]], abs=1e-7) for r in doc["rally"]]


def test_a_home_outside_is_refused_unless_all_that_is_flown_is_fenced() -> None:
    doc = document(home=lonlat(-500.0, 0.0))
    refused = qgc_plans(doc)
    assert isinstance(refused, Refused)
    assert "way from home" in str(refused)
    assert "fence" in refused.reasons[0].fix
    for plan in plans(doc, QgcSetup(fence=Fence.AROUND, fence_margin_m=20.0)).values():
        keep_in = shapely.Polygon([xy(p) for p in plan["geoFence"]["polygons"][0]["polygon"]])
        places = [xy(i["params"][4:6]) for i in plan["mission"]["items"] if i["command"] in (16, 22)]
        assert keep_in.contains(shapely.LineString(places))
        assert keep_in.exterior.distance(shapely.MultiPoint(places)) > 19.0
    for plan in plans(doc, QgcSetup(fence=Fence.HOLES)).values():
        assert [p["inclusion"] for p in plan["geoFence"]["polygons"]] == [False]


def test_a_margin_widens_the_fence() -> None:
    (polygon, _) = plans(document(), QgcSetup(fence_margin_m=10.0))["Sector 1"]["geoFence"]["polygons"]
    assert shapely.Polygon([xy(p) for p in polygon["polygon"]]).area == pytest.approx(620.0 * 420.0, rel=1e-3)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rally": [lonlat(500.0, 0.0)]}, "outside the fence"),
        ({"rally": [lonlat(-30.0, 20.0)]}, "no-fly zone"),
        ({"home": lonlat(-30.0, 20.0)}, "no-fly zone 1"),
        ({"sectors": [{"path": [lonlat(-200.0, 0.0), lonlat(200.0, 0.0)]}]}, "its own line crosses no-fly zone 1"),
        ({"sectors": [{"path": [lonlat(-200.0, 0.0), lonlat(-350.0, 0.0)]}]}, "leaves the fence"),
        ({"sectors": [{"path": [lonlat(-200.0 + k % 2, 0.0) for k in range(800)]}]}, "803 mission items"),
    ],
)
def test_a_plan_that_would_break_its_own_fence_is_refused(changes: dict[str, Any], words: str) -> None:
    refused = qgc_plans(document(**changes))
    assert isinstance(refused, Refused)
    assert words in str(refused)


def test_a_plan_of_paths_alone_starts_where_it_sweeps() -> None:
    doc = {**PLANNED, "height_agl_m": 50.0}
    for sector, plan in zip(doc["sectors"], plans(doc).values(), strict=True):
        lon, lat = sector["path"][0]
        assert plan["mission"]["plannedHomePosition"] == pytest.approx([lat, lon, 0.0], abs=1e-7)
        assert plan["geoFence"]["polygons"] == []
        assert plan["rallyPoints"]["points"] == []


def test_a_mission_needs_a_height_and_a_speed() -> None:
    for changes, field in (({"height_agl_m": None}, "height_agl_m"), ({"speed_mps": None}, "speed_mps")):
        with pytest.raises(Malformed) as refused:
            qgc_plans(document(**changes))
        assert refused.value.field == f"sectors[0].{field}"
    with pytest.raises(Malformed, match="fence_margin_m"):
        QgcSetup(fence_margin_m=float("nan"))


def test_the_same_document_gives_the_same_bytes() -> None:
    assert json_bytes(qgc_plans(document())) == json_bytes(qgc_plans(document()))
