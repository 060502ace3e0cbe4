"""Documents from outside: what is read, and what is refused by name."""

from __future__ import annotations

import math
from typing import Any

import pytest

from core.errors import Malformed
from flightops.planning.export.document import read_plan
from flightops.planning.export.geojson import feature_collection
from flightops.planning.export.gpx import gpx
from flightops.planning.export.kml import kml
from tests.flightops.planning.export.documents import PLANNED, document, lonlat

PATH = [lonlat(0.0, 0.0), lonlat(100.0, 0.0)]


def test_a_plan_as_it_is_written_is_read() -> None:
    plan = read_plan(PLANNED)
    assert plan.name == "Search plan"
    assert [s.name for s in plan.sectors] == ["Sector 1", "Sector 2"]
    assert plan.drones == (1, 2)
    assert plan.sectors[0].speed_mps == PLANNED["speed_mps"]
    assert plan.sectors[0].height_agl_m is None
    assert (plan.area, plan.home, plan.rally) == (None, None, ())


def test_a_sector_overrules_the_plan() -> None:
    sectors = [{"path": PATH, "drone": "kite-7", "name": "North", "height_agl_m": 80, "speed_mps": 9.5}, {"path": PATH}]
    plan = read_plan(document(sectors=sectors))
    assert plan.sectors[0].height_agl_m == 80.0
    assert plan.sectors[0].speed_mps == 9.5
    assert plan.sectors[1].height_agl_m == 60.0
    assert plan.drones == ("kite-7", 2)


def test_home_and_rally_points_keep_their_heights() -> None:
    plan = read_plan(document())
    assert plan.home is not None
    assert plan.home.height_m == 87.5
    assert [r.height_m for r in plan.rally] == [None, 40.0]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"sectors": []}, "sectors"),
        ({"sectors": "all"}, "sectors"),
        ({"sectors": [3]}, "sectors[0]"),
        ({"sectors": [{"path": PATH[:1]}]}, "sectors[0].path"),
        ({"sectors": [{"path": [[0.0, 95.0], [0.0, 1.0]]}]}, "sectors[0].path[0]"),
        ({"sectors": [{"path": [[0.0, math.nan], [0.0, 1.0]]}]}, "sectors[0].path[0]"),
        ({"sectors": [{"path": [[179.9, 10.0], [-179.9, 10.0]]}]}, "sectors[0].path"),
        ({"sectors": [{"path": PATH, "drone": 0}]}, "sectors[0].drone"),
        ({"sectors": [{"path": PATH, "drone": True}]}, "sectors[0].drone"),
        ({"sectors": [{"path": PATH, "length_m": math.inf}]}, "sectors[0].length_m"),
        ({"sectors": [{"path": PATH, "height_agl_m": -3.0}]}, "sectors[0].height_agl_m"),
        ({"sectors": [{"path": PATH, "speed_mps": "fast"}]}, "sectors[0].speed_mps"),
        ({"sectors": [{"path": PATH, "name": "a\x00b"}]}, "sectors[0].name"),
        ({"sectors": [{"path": PATH, "name": "A"}, {"path": PATH, "name": "A"}]}, "sectors"),
        ({"name": "two\nlines"}, "name"),
        ({"name": "x" * 300}, "name"),
        ({"home": [120.0]}, "home"),
        ({"home": [120.0, 28.0, 99999.0]}, "home[2]"),
        ({"rally": [[120.0, 28.0, "high"]]}, "rally[0][2]"),
        ({"area": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1]]]}}, "area.coordinates"),
    ],
)
@pytest.mark.parametrize("write", [read_plan, kml, gpx, feature_collection])
def test_bad_documents_are_refused_by_name(changes: dict[str, Any], field: str, write: Any) -> None:
    with pytest.raises(Malformed) as refused:
        write(document(**changes))
    assert refused.value.field.startswith(field)


@pytest.mark.parametrize("doc", [None, [], "plan", 3])
def test_what_is_no_document_is_refused(doc: object) -> None:
    with pytest.raises(Malformed, match="plan"):
        read_plan(doc)
