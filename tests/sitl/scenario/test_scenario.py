from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Malformed
from core.geo import LatLon, distance_m, moved
from core.units import UtcSeconds
from sitl.scenario.patrol import RIDE_MPS, WALK_MPS, Walk, step
from sitl.scenario.scenario import library, load_scenario
from sitl.scenario.story import Story

HERE = LatLon(28.89, 120.03)


@pytest.mark.parametrize("name", sorted(library()))
def test_every_scenario_of_the_library_loads(name: str) -> None:
    assert load_scenario(name).name == name


def test_wrong_scenarios_name_the_key(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="forest"):
        load_scenario("no-such")
    bad = tmp_path / "bad.toml"
    bad.write_text('name = "x"\nabout = "y"\n[fleet]\ndrones = "three"\n')
    with pytest.raises(Malformed, match="drones"):
        load_scenario(str(bad))


@given(st.lists(st.tuples(st.floats(0, 360), st.floats(1, 300)), min_size=1, max_size=6), st.floats(0.1, 30))
def test_units_never_outrun_their_speed_and_pass_their_places_in_order(
    legs: list[tuple[float, float]], dt: float
) -> None:
    ahead = []
    place = HERE
    for bearing, length in legs:
        place = moved(place, bearing, length)
        ahead.append(place)
    after = step(Walk(HERE, tuple(ahead)), dt, lambda p: None)
    assert distance_m(HERE, after.place) <= WALK_MPS * dt + 1e-6
    assert after.ahead == tuple(ahead)[len(ahead) - len(after.ahead) :]
    driven = step(Walk(HERE, tuple(ahead)), dt, lambda p: 99.0)
    assert distance_m(HERE, driven.place) <= RIDE_MPS * dt + 1e-6


def incident(name: str, place: LatLon, state: str = "open") -> dict[str, Any]:
    return {"id": name, "kind": "person_seen", "state": state, "lat_deg": place.lat_deg, "lon_deg": place.lon_deg,
            "opened_at": 5.0, "ellipse": {"major_m": 8.0, "minor_m": 4.0, "bearing_deg": 0.0}}  # fmt: skip


def test_a_story_tells_the_person_from_what_is_false() -> None:
    story = Story(lambda at: HERE)
    far = moved(HERE, 90.0, 120.0)
    picture: dict[str, Any] = {
        "drones": {}, "searches": {}, "tasks": {}, "units": {},
        "incidents": {"i1": incident("i1", moved(HERE, 10.0, 6.0)), "i2": incident("i2", far)},
        "sightings": {"s1": {"incident": "i1", "at": 4.0, "lat_deg": HERE.lat_deg, "lon_deg": HERE.lon_deg}},
    }  # fmt: skip
    story.ordered_at = UtcSeconds(1.0)
    story.saw(picture, UtcSeconds(6.0))
    report = story.report()
    assert report["time_to_sighting_s"] == 3.0
    assert report["false_incidents"] == 1
    assert not story.done
    picture["incidents"]["i2"]["state"] = "dismissed"
    picture["tasks"] = {"t1": {"incident": "i1", "arrived_at": 9.0, "outcome": "person_found"}}
    story.saw(picture, UtcSeconds(10.0))
    report = story.report()
    assert story.done
    assert report["false_incidents"] == 0
    assert report["false_incidents_opened"] == 1
    assert report["time_to_arrival_s"] == 8.0
