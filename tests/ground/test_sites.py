from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Malformed
from core.events import AlarmKind
from core.geo import moved
from ground.sites.site import SiteCamera, nearest_camera, parse_site
from tests.ground.ground_worlds import ORIGIN, at, site

GOOD = """
id = "east-garden"
name = "East garden"
ring = [[42.5, 1.5], [42.5, 1.51], [42.51, 1.51], [42.5, 1.5]]
token_hash = "AB12"
[[cameras]]
id = "c1"
lat_deg = 42.5
lon_deg = 1.5
heading_deg = 90
hfov_deg = 60.0
range_m = 80.0
[[sensors]]
id = "s1"
name = "stairwell"
kind = "smoke"
lat_deg = 42.5
lon_deg = 1.5
"""


def test_a_site_file_is_read() -> None:
    s = parse_site(tomllib.loads(GOOD), "east.toml")
    assert (s.id, len(s.ring), s.cameras[0].name, s.sensors[0].kind) == ("east-garden", 3, "c1", AlarmKind.SMOKE)
    assert s.token_hash == "ab12"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('name = "stairwell"', 'face_id = "x"', "face_id"),
        ('name = "East garden"', 'owner = "x"', "owner"),
        ('kind = "smoke"', 'kind = "noise"', "kind"),
        ("lat_deg = 42.5", "lat_deg = nan", "lat_deg"),
        ("hfov_deg = 60.0", "hfov_deg = 0.0", "hfov_deg"),
        ("range_m = 80.0", "range_m = inf", "range_m"),
        ("[42.5, 1.51], [42.51, 1.51], ", "", "ring"),
        ('id = "s1"', 'id = "c1"', "c1 names two devices"),
        ('id = "east-garden"', 'id = "east garden"', "id"),
    ],
)
def test_a_wrong_site_file_is_refused_by_file_and_key(old: str, new: str, says: str) -> None:
    with pytest.raises(Malformed, match=says) as e:
        parse_site(tomllib.loads(GOOD.replace(old, new)), "east.toml")
    assert "east.toml" in str(e.value)


@given(st.floats(0, 360), st.floats(1, 360), st.floats(0, 360), st.floats(1, 200))
def test_a_camera_looks_at_what_is_in_reach_and_in_its_field_of_view(heading, hfov, towards, away) -> None:
    camera = SiteCamera("c", "c", ORIGIN, heading, hfov, 100.0)
    off = abs((towards - heading + 180) % 360 - 180)
    expected = away <= 100 and off <= hfov / 2
    if abs(away - 100) > 0.01 and abs(off - hfov / 2) > 0.01:
        assert camera.looks_at(moved(ORIGIN, towards, away)) == expected


def test_the_nearest_of_those_that_look_there_is_taken() -> None:
    assert nearest_camera([site()], at(0, 0)) == "cam-n"
    assert nearest_camera([site()], at(0, -100)) == "cam-s"
    assert nearest_camera([site()], at(0, 500)) is None
