"""What `airground plan --format` writes."""

from __future__ import annotations

import json
from pathlib import PurePath
from xml.etree import ElementTree

import pytest

from core.errors import Malformed
from core.geo import LatLon
from flightops.planning.export.files import FORMATS, plan_files
from flightops.planning.plan_file import PlanWish, effort_from, plan_area_file
from flightops.planning.sweep import Effort

AREA = {
    "type": "Polygon",
    "coordinates": [
        [[120.036, 28.8885], [120.038, 28.8885], [120.038, 28.8905], [120.036, 28.8905]],
        [[120.0365, 28.889], [120.037, 28.889], [120.037, 28.8895], [120.0365, 28.8895]],
    ],
}


@pytest.fixture(scope="module")
def doc() -> dict[str, object]:
    wish = PlanWish(30.0, drones=2, home=LatLon(28.888, 120.0355), effort=Effort.FIRST, height_agl_m=45.0)
    return plan_area_file(json.dumps(AREA), wish)


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_holds_both_sectors(doc: dict[str, object], form: str) -> None:
    files = plan_files(doc, form, PurePath("out.x"))
    again = plan_files(doc, form, PurePath("out.x"))
    assert files == again
    assert list(files) == (["out-sector-1.x", "out-sector-2.x"] if form == "plan" else ["out.x"])
    for data in files.values():
        if form in ("kml", "gpx"):
            ElementTree.fromstring(data)
        else:
            json.loads(data)


def test_a_qgc_plan_fences_the_hole_and_flies_at_the_height_asked(doc: dict[str, object]) -> None:
    plan = json.loads(plan_files(doc, "plan", PurePath("out.plan"))["out-sector-1.plan"])
    assert [p["inclusion"] for p in plan["geoFence"]["polygons"]] == [True, False]
    heights = {i["params"][6] for i in plan["mission"]["items"] if i["command"] == 16}
    assert heights == {45.0}


def test_words_that_name_nothing_are_refused_by_their_option(doc: dict[str, object]) -> None:
    for option, ask in (
        ("--format", lambda: plan_files(doc, "dwg", PurePath("out"))),
        ("--effort", lambda: effort_from("much")),
    ):
        with pytest.raises(Malformed) as refused:
            ask()
        assert refused.value.field == option
