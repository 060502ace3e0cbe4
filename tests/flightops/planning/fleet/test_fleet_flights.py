"""Whole flights of any shares: apart, off the zones, within the batteries; refused in words otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.errors import Malformed
from core.geo import Area, Floats
from flightops.planning.fleet.document import flights_document
from flightops.planning.fleet.drones import FleetDrone, checked_fleet
from flightops.planning.fleet.flights import Air, Share, fleet_flights
from flightops.planning.paths.timing import STILL, flight_s
from tests.flightops.planning.fleet.flown import FRAME, airspeeds, at, block, least_spare, over_zones_m, too_near

AREA = Area(block(0, 0, 900, 500), (block(150, 150, 100, 200), block(500, 100, 200, 120)))


def lines(x_m: float, n: int, swath_m: float, y_m: tuple[float, float]) -> Floats:
    """An S-pattern of n lines northwards from x_m."""
    return np.array([(x_m + k * swath_m, y) for k in range(n) for y in (y_m if k % 2 == 0 else y_m[::-1])])


def shares(
    seed: int, count: int, endurance_s: float | None = None, wind: tuple[float, float] = STILL
) -> tuple[Share, ...]:
    """Unlike drones of 5 to 16 m/s with blocks of lines beside one another, off the zones, and homes inside and outside
    the area."""
    rng = np.random.default_rng(seed)
    made, x = [], 10.0
    for k in range(count):
        home = at(float(rng.uniform(-300, 1200)), float(rng.uniform(-300, -5)))
        if rng.random() < 0.4 and made:
            home = made[-1].drone.home
        drone = FleetDrone(
            f"d{k}", home, float(rng.uniform(5, 16)), 20.0, endurance_s, float(rng.uniform(1.5, 5)),
            float(rng.choice([50.0, 60.0, 75.0])), wind_mps=wind,
        )  # fmt: skip
        n = int(rng.integers(2, 6))
        band = (370.0, 480.0) if rng.random() < 0.7 else (10.0, 90.0)
        made.append(Share(drone, lines(x, n, 20.0, band)[:: 1 if rng.random() < 0.5 else -1]))
        x += n * 20.0 + float(rng.uniform(0, 60))
    return tuple(made)


def document(some: tuple[Share, ...], area: Area = AREA, *, turn: bool = False) -> dict[str, Any]:
    """The flights' document; shares are in FRAME, the air in the area's own."""
    air = Air.over(area, tuple(s.drone for s in some))
    frame = air.transits.frame
    moved = tuple(Share(s.drone, frame.to_xy_many(FRAME.to_lonlat_many(s.path))) for s in some)
    return flights_document(air, fleet_flights(air, moved, turn=turn))


def figures(drone: FleetDrone) -> dict[str, float]:
    assert drone.endurance_s is not None
    return {"speed_mps": drone.speed_mps, "climb_mps": drone.climb_mps, "endurance_s": drone.endurance_s}


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.booleans())
@example(108390, 2, False)  # one climbs through the other's height while they close in
def test_any_flights_are_apart_and_off_the_zones(seed: int, count: int, turn: bool) -> None:
    doc = document(shares(seed, count), turn=turn)
    assert too_near(doc) == []
    assert over_zones_m(doc, AREA) == 0.0
    assert doc["fleet"]["battery"].startswith("not judged")
    assert [f["drone"] for f in doc["flights"]] == [f"d{k}" for k in range(count)]
    least = doc["fleet"]["proof"]
    assert least["least_horizontal_m"] is None or least["least_horizontal_m"] >= 29.9
    assert least["least_vertical_m"] is None or least["least_vertical_m"] >= 9.9
    for flight in doc["flights"]:
        heights = [p[2] for p in flight["way_points"]]
        assert heights[0] == heights[-1] == 0.0
        assert max(heights) == flight["transit_height_m"] >= 60.0
        assert flight["way_points"][0][3] == flight["start_s"]
        assert flight["way_points"][-1][3] == flight["end_s"]


def apart_or_refused(some: tuple[Share, ...]) -> dict[str, Any] | None:
    """The document of flights that keep apart; None when a drone is refused by name, with a fix."""
    doc, refused = None, None
    try:
        doc = document(some)
    except Malformed as wrong:
        refused = wrong
    if doc is None:
        assert refused is not None
        assert refused.field.startswith("fleet.d")
        assert refused.fix
        return None
    assert too_near(doc) == []
    return doc


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.floats(500.0, 900.0))
def test_batteries_keep_the_rule_in_as_many_flights_as_it_takes(seed: int, count: int, endurance_s: float) -> None:
    some = shares(seed, count, endurance_s)
    doc = apart_or_refused(some)
    if doc is None:
        return
    by_name = {s.drone.name: s.drone for s in some}
    last: dict[str, float] = {}
    for flight in doc["flights"]:
        drone = by_name[flight["drone"]]
        assert least_spare(flight, figures(drone)) >= -0.003
        assert flight["battery_left"] >= 0.15
        if flight["flight"] > 1:
            assert flight["start_s"] >= last[drone.name] + 300.0 - 0.01
        last[drone.name] = flight["end_s"]


winds = st.builds(
    lambda way, mps: (float(mps * np.cos(way)), float(mps * np.sin(way))), st.floats(0, 6.3), st.floats(1.0, 3.9)
)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3), winds)
def test_any_flights_in_wind_are_apart_and_hold_their_airspeed(
    seed: int, count: int, wind: tuple[float, float]
) -> None:
    some = shares(seed, count, wind=wind)
    doc = document(some)
    assert too_near(doc) == []
    assert over_zones_m(doc, AREA) == 0.0
    assert doc["fleet"]["wind"]["mps"] == list(wind)
    for flight, share in zip(doc["flights"], some, strict=True):
        assert airspeeds(flight, wind).max() <= 1.01 * share.drone.speed_mps + 0.02


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 2), st.floats(600.0, 1000.0), winds)
def test_batteries_keep_the_rule_in_wind(seed: int, count: int, endurance_s: float, wind: tuple[float, float]) -> None:
    some = shares(seed, count, endurance_s, wind)
    doc = apart_or_refused(some)
    if doc is None:
        return
    by_name = {s.drone.name: s.drone for s in some}
    for flight in doc["flights"]:
        assert least_spare(flight, figures(by_name[flight["drone"]]), wind) >= -0.003
        assert flight["battery_left"] >= 0.15


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), winds)
def test_ways_home_round_zones_are_priced_as_they_are_flown_or_higher(seed: int, wind: tuple[float, float]) -> None:
    """From everywhere on a path between and behind the zones, for a drone slower than another in the air."""
    rng = np.random.default_rng(seed)
    slow, quick = (
        FleetDrone(f"d{mps:g}", at(*rng.uniform((-200, -300), (1100, -5))), mps, 20.0, 1500.0, wind_mps=wind)
        for mps in (6.0, 14.0)
    )
    air = Air.over(AREA, (slow, quick))
    path = ((10, 360), (890, 360), (890, 380), (10, 380)) if rng.random() < 0.5 else ((270, 20), (270, 480), (290, 20))
    share = Share(slow, air.transits.frame.to_xy_many(FRAME.to_lonlat_many(np.array(path, dtype=float))))
    aircraft = air.aircraft(share)
    assert aircraft is not None
    home = air.home(slow)
    for spot in shapely.get_coordinates(shapely.segmentize(shapely.linestrings(share.path), 15.0)):
        way_s = flight_s(air.ways(slow)(spot, home[:2]), slow.pace)
        level = np.array([[*spot, aircraft.transit_amsl_m]])
        sink_s = aircraft.transit_amsl_m / aircraft.rates.sink_mps
        hover_w = aircraft.model.power_w(np.zeros((1, 3)), wind)[0]
        priced_wh = aircraft.home_wh(level, home)[0]
        assert priced_wh * 3600.0 >= 520.0 * way_s + hover_w * sink_s - 1e-6


def test_a_drone_that_would_not_come_home_against_the_wind_is_named() -> None:
    with pytest.raises(Malformed) as wrong:
        FleetDrone("hawk", at(0, 0), 8.0, 20.0, wind_mps=(0.0, -7.0))
    assert wrong.value.field == "fleet.hawk.speed_mps"
    assert str(wrong.value).endswith(
        "8 m/s through the air is too slow against 7.0 m/s of wind "
        "(fly hawk at 8.8 m/s or more, or wait until the wind is under 6.4 m/s)"
    )
    FleetDrone("hawk", at(0, 0), 8.8, 20.0, wind_mps=(0.0, -7.0))
    for wind in ((25.0, 0.0), (float("nan"), 0.0), (float("inf"), 0.0)):
        with pytest.raises(Malformed, match=r"hawk.*\(wait until the wind is under 6\.4 m/s\)"):
            FleetDrone("hawk", at(0, 0), 8.0, 20.0, wind_mps=wind)
    one, other = FleetDrone("a", at(0, 0), 8.0, 20.0), FleetDrone("b", at(0, 0), 8.0, 20.0, wind_mps=(1.0, 0.0))
    with pytest.raises(Malformed, match="2 winds"):
        checked_fleet((one, other))


def test_homes_against_the_wind_take_more_flights_than_homes_behind_it() -> None:
    """The sweep lies 1.2 km east of home: with a west wind the way home is flown against it."""
    path = lines(1200, 10, 20.0, (370.0, 480.0))
    flights, makespan = {}, {}
    for wind in (STILL, (7.0, 0.0)):
        share = Share(FleetDrone("hawk", at(-50, 400), 12.0, 20.0, 800.0, wind_mps=wind), path)
        doc = document((share,))
        flights[wind], makespan[wind] = len(doc["flights"]), doc["fleet"]["makespan_s"]
        assert all(least_spare(f, figures(share.drone), wind) >= -0.003 for f in doc["flights"])
    assert flights[(7.0, 0.0)] > flights[STILL]
    assert makespan[(7.0, 0.0)] > makespan[STILL]


def test_a_long_share_is_flown_in_sorties_that_leave_nothing_out() -> None:
    drone = FleetDrone("hawk", at(-50, -50), 12.0, 20.0, 420.0)
    share = Share(drone, lines(10, 14, 20.0, (370.0, 480.0)))
    doc = document((share,))
    assert len(doc["flights"]) > 1
    swept = [p for f in doc["flights"] for p in f["way_points"] if p[2] == 60.0]
    spots = FRAME.to_xy_many(np.array(swept)[:, :2])
    for corner in share.path:
        assert np.hypot(*(spots - corner).T).min() < 0.5


def test_refusals_name_the_drone_and_the_fix() -> None:
    path = lines(10, 4, 20.0, (370.0, 480.0))
    with pytest.raises(Malformed, match=r"fleet\.hawk\.home.*no-fly zone.*move it out"):
        document((Share(FleetDrone("hawk", at(200, 200), 12.0, 20.0), path),))
    with pytest.raises(Malformed, match=r"fleet\.hawk.*one battery.*nearer"):
        document((Share(FleetDrone("hawk", at(-6000, 0), 12.0, 20.0, 600.0), path),))
    with pytest.raises(Malformed, match=r"fleet\.hawk.*would fly \d+ times.*more drones"):
        document((Share(FleetDrone("hawk", at(-1400, 0), 12.0, 20.0, 520.0), lines(10, 40, 5.0, (370.0, 480.0))),))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"speed_mps": float("nan")}, "fleet.hawk.speed_mps"),
        ({"speed_mps": 99.0}, "fleet.hawk.speed_mps"),
        ({"swath_m": 0.0}, "fleet.hawk.swath_m"),
        ({"endurance_s": float("inf")}, "fleet.hawk.endurance_s"),
        ({"climb_mps": -1.0}, "fleet.hawk.climb_mps"),
        ({"height_agl_m": float("nan")}, "fleet.hawk.height_agl_m"),
        ({"transit_agl_m": 1.0}, "fleet.hawk.transit_agl_m"),
        ({"name": "two words"}, "fleet.name"),
    ],
)
def test_what_makes_no_drone_is_malformed(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Malformed) as wrong:
        FleetDrone(**{"name": "hawk", "home": at(0, 0), "speed_mps": 12.0, "swath_m": 20.0, **changes})
    assert wrong.value.field == field


def test_two_of_one_name_are_no_fleet() -> None:
    one = FleetDrone("hawk", at(0, 0), 12.0, 20.0)
    with pytest.raises(Malformed, match="hawk"):
        checked_fleet((one, FleetDrone("hawk", at(10, 0), 9.0, 20.0)))
    with pytest.raises(Malformed, match="drones"):
        checked_fleet(())
