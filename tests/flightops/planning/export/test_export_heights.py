"""A plan that follows the ground, in every format: the same heights, missions over all ground on their ways."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import PurePath
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from core.errors import Malformed
from core.geo import LatLon
from core.terrain import GridTerrain
from flightops.planning.airspace.over_ground import Relief
from flightops.planning.airspace.timed import Rates
from flightops.planning.export.files import plan_files
from flightops.planning.export.qgc import Firmware, HeightAbove, QgcSetup, qgc_plans
from flightops.planning.plan_file import PlanWish, plan_area_file
from flightops.planning.sweep import Effort
from tests.flightops.planning.export.documents import FRAME, HOME, geometry

AT = np.arange(-800.0, 801.0, 20.0)
X, Y = np.meshgrid(AT, AT)
RIDGE = GridTerrain(FRAME, -800.0, -800.0, 20.0, 200.0 + 60.0 * np.exp(-((X + 100.0) ** 2) / 40_000.0) + 0.05 * Y)
OUT = PurePath("plan.out")


def planned(home: bool = True) -> dict[str, Any]:
    place = FRAME.to_latlon(*HOME) if home else None
    relief = Relief(RIDGE, 50.0, Rates(3.0, 1.5))
    wish = PlanWish(60.0, home=place, effort=Effort.FIRST, height_agl_m=50.0, relief=relief)
    return plan_area_file(json.dumps(geometry()), wish)


DOC = planned()
SECTOR = DOC["sectors"][0]


def ground(lonlat: Any) -> Any:
    return RIDGE.heights_amsl_m(np.atleast_2d(np.array(lonlat, dtype=float)[..., :2]))


def test_the_document_has_a_height_for_every_point() -> None:
    assert json.loads(json.dumps(DOC)) == DOC
    assert all(len(p) == 2 for p in SECTOR["path"])
    assert len(SECTOR["height_amsl_m"]) == len(SECTOR["agl_m"]) == len(SECTOR["path"])
    assert np.array(SECTOR["height_amsl_m"]) - SECTOR["agl_m"] == pytest.approx(ground(SECTOR["path"]), abs=0.02)
    assert SECTOR["least_agl_m"] <= min(SECTOR["agl_m"]) + 0.01
    assert SECTOR["most_agl_m"] >= max(SECTOR["agl_m"]) - 0.01
    assert DOC["swath_m"] <= DOC["full_swath_m"] == 60.0
    assert (DOC["climb_mps"], DOC["sink_mps"], DOC["cover_asked"]) == (3.0, 1.5, 0.995)
    assert DOC["home"][2] == pytest.approx(float(ground(DOC["home"])[0]), abs=0.01)


def test_maps_show_the_heights_above_the_sea() -> None:
    kml = ElementTree.fromstring(plan_files(DOC, "kml", OUT)["plan.out"])
    name = {"k": "http://www.opengis.net/kml/2.2"}
    lines = kml.findall(".//k:LineString", name)
    assert [line.findtext("k:altitudeMode", None, name) for line in lines] == ["absolute"]
    shown = [float(p.split(",")[2]) for p in (lines[0].findtext("k:coordinates", "", name)).split()]
    assert shown == pytest.approx(SECTOR["height_amsl_m"], abs=0.01)
    gpx = ElementTree.fromstring(plan_files(DOC, "gpx", OUT)["plan.out"])
    told = [float(e.text or "") for e in gpx.findall(".//{*}rtept/{*}ele")]
    assert told == pytest.approx(SECTOR["height_amsl_m"], abs=0.01)
    features = json.loads(plan_files(DOC, "geojson", OUT)["plan.out"])["features"]
    (line,) = [f["properties"] for f in features if f["properties"]["kind"] == "sector"]
    assert (line["height_amsl_m"], line["agl_m"]) == (SECTOR["height_amsl_m"], SECTOR["agl_m"])


def mission(doc: dict[str, Any], setup: QgcSetup | None = None) -> list[dict[str, Any]]:
    plans = qgc_plans(doc, setup)
    assert isinstance(plans, dict), str(plans)
    (plan,) = plans.values()
    return [i for i in plan["mission"]["items"] if i["command"] in (16, 22)]


@pytest.mark.parametrize("home", [True, False])
def test_a_mission_flies_the_heights_above_home_and_its_ways_over_all_ground(home: bool) -> None:
    doc = planned(home)
    sector = doc["sectors"][0]
    items = mission(doc)
    home_m = doc["home"][2] if home else sector["height_amsl_m"][0] - sector["agl_m"][0]
    amsl = np.array([i["params"][6] + home_m for i in items])
    at = np.array([[i["params"][5], i["params"][4]] for i in items])
    path = np.array(sector["path"])
    first = next(
        k for k in range(len(items)) if at[k : k + 2] == pytest.approx(path[:2], abs=1e-7) and items[k]["command"] == 16
    )
    last = first + len(path)
    assert amsl[first:last] == pytest.approx(sector["height_amsl_m"], abs=0.02)
    ways = [*range(first), *range(last, len(items))]
    assert set(np.round(amsl[ways], 2)) == {sector["transit_amsl_m"]}
    assert at[first - 1] == pytest.approx(path[0], abs=1e-7)
    assert at[last] == pytest.approx(path[-1], abs=1e-7)
    start = at[0] if not home else np.array(doc["home"][:2])
    for way in (np.vstack([start, at[:first]]), np.vstack([at[last:], start])):
        xy = np.array([FRAME.to_xy(LatLon(lat, lon)) for lon, lat in way])
        under = np.vstack([np.linspace(a, b, 400) for a, b in pairwise(xy)])
        assert ground(FRAME.to_lonlat_many(under)).max() + 49.5 <= sector["transit_amsl_m"]


def test_heights_above_the_autopilots_own_terrain_are_those_above_ground() -> None:
    items = mission(DOC, QgcSetup(Firmware.ARDUPILOT, HeightAbove.TERRAIN))
    heights = [i["params"][6] for i in items if i["frame"] == HeightAbove.TERRAIN]
    inner = len(heights) - len(SECTOR["agl_m"])
    assert any(heights[k : k + len(SECTOR["agl_m"])] == SECTOR["agl_m"] for k in range(inner + 1))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"height_amsl_m": SECTOR["height_amsl_m"][:-1]}, r"sectors\[0\].agl_m"),
        ({"agl_m": None}, r"sectors\[0\].agl_m"),
        ({"transit_amsl_m": None}, r"sectors\[0\].transit_amsl_m"),
        ({"height_amsl_m": ["high"] * len(SECTOR["path"])}, r"sectors\[0\].height_amsl_m\[0\]"),
        ({"height_amsl_m": [1e9] * len(SECTOR["path"])}, r"sectors\[0\].height_amsl_m"),
        ({"path": SECTOR["path"][:-1]}, r"sectors\[0\].height_amsl_m"),
        ({"agl_m": [-5.0] * len(SECTOR["path"])}, r"sectors\[0\].agl_m"),
    ],
)
def test_heights_that_do_not_fit_are_refused_by_name(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Malformed, match=field):
        plan_files({**DOC, "sectors": [{**SECTOR, **change}]}, "kml", OUT)


def test_a_home_without_ground_height_makes_no_mission() -> None:
    with pytest.raises(Malformed, match=r"home\[2\]"):
        plan_files({**DOC, "home": DOC["home"][:2]}, "plan", OUT)


def test_a_home_off_the_terrain_is_refused() -> None:
    far = PlanWish(60.0, home=FRAME.to_latlon(5000.0, 0.0), effort=Effort.FIRST, relief=Relief(RIDGE, 60.0, Rates()))
    with pytest.raises(Malformed, match="terrain that reaches home"):
        plan_area_file(json.dumps(geometry()), far)
