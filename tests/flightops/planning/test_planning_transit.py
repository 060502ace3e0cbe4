"""Ways between homes and sectors: off every no-fly zone, inside a fence, short, and quick to find."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon

from core.errors import Refused
from core.geo import Area, Floats, LatLon, LocalFrame
from flightops.planning.paths.timing import Pace, flight_s
from flightops.planning.transit import CLEAR_M, KEEP, MOST_CORNERS, Transits

FRAME = LocalFrame(LatLon(28.9, 120.0))
SLACK_M = 0.15
"""Rounded corners and the change of frame."""
seeds = st.integers(0, 2**32 - 1)


def places(ring: object) -> tuple[LatLon, ...]:
    return tuple(FRAME.to_latlon(float(x), float(y)) for x, y in np.asarray(ring))


def area_of(polygon: Polygon) -> Area:
    rings = [np.asarray(r.coords)[:-1] for r in (polygon.exterior, *polygon.interiors)]
    return Area(places(rings[0]), tuple(places(r) for r in rings[1:]))


def zones(rng: np.random.Generator, n: int, wide_m: float, corners: int) -> list[Polygon]:
    """n stars that do not touch, inside a square."""
    found: list[Polygon] = []
    while len(found) < n:
        k = int(rng.integers(4, corners))
        turn = (np.arange(k) + rng.uniform(0, 0.9, k)) * 2 * np.pi / k
        star = rng.uniform(0.3, 1, k)[:, None] * np.column_stack([np.cos(turn), np.sin(turn)])
        zone = Polygon(rng.uniform(0.06 * wide_m, 0.94 * wide_m, 2) + 0.05 * wide_m * star)
        if zone.is_valid and zone.area > 50 and all(zone.distance(z) > 1 for z in found):
            found.append(zone)
    return found


def land(
    seed: int, n: int = 8, wide_m: float = 600.0, corners: int = 10
) -> tuple[np.random.Generator, Area, list[Polygon]]:
    rng = np.random.default_rng(seed)
    holes = zones(rng, n, wide_m, corners)
    square = [(0, 0), (wide_m, 0), (wide_m, wide_m), (0, wide_m)]
    return rng, area_of(Polygon(square, [np.asarray(z.exterior.coords) for z in holes])), holes


def beside(zone: Polygon, rng: np.random.Generator, by_m: float) -> Floats:
    """A place just out of a zone, where sweeps begin and end."""
    grown = zone.buffer(by_m, join_style="mitre").exterior
    return np.asarray(grown.interpolate(float(rng.uniform(0, grown.length))).coords)[0]


def in_metres(way: tuple[LatLon, ...]) -> Floats:
    return np.array([FRAME.to_xy(p) for p in way])


@settings(max_examples=30, deadline=None)
@given(seeds, st.floats(0.02, 12.0))
def test_ways_never_cross_a_zone(seed: int, off_m: float) -> None:
    rng, area, holes = land(seed)
    transits = Transits.of(area)
    edges = shapely.union_all(holes)
    for _ in range(4):
        ends = np.array([rng.uniform(-200, 0, 2), beside(holes[int(rng.integers(len(holes)))], rng, off_m)])
        if rng.random() < 0.5:
            ends = ends[::-1]
        off = shapely.distance(edges, shapely.points(ends))
        if off.min() < 0.01:
            continue
        way = transits.way(*places(ends))
        assert not isinstance(way, Refused), str(way)
        line = shapely.linestrings(in_metres(way))
        assert not line.intersects(edges)
        assert edges.distance(line) >= 0.98 * min(CLEAR_M - SLACK_M, KEEP * off.min())
        assert line.length <= 1.5 * float(np.hypot(*(ends[1] - ends[0]))) + 60.0
        assert in_metres(way)[[0, -1]] == pytest.approx(ends, abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_ways_stay_inside_a_fence(seed: int) -> None:
    rng, area, holes = land(seed)
    u_shape = Polygon(
        [(-300, -200), (700, -200), (700, 700), (250, 700), (250, -100), (200, -100), (200, 700), (-300, 700)]
    )
    extra = Polygon([(-200, 0), (-150, 0), (-150, 300), (-200, 300)])
    fence = area_of(Polygon(u_shape.exterior, [extra.exterior]))
    transits = Transits.of(area, fence=fence)
    allowed = u_shape.difference(shapely.union_all([extra, *holes]))
    start, end = rng.uniform([-290, -150], [-210, 650]), rng.uniform([300, 0], [690, 690])
    if not all(allowed.contains(shapely.Point(p)) for p in (start, end)):
        return
    way = transits.way(*places([start, end]))
    if isinstance(way, Refused):
        assert len(shapely.get_parts(allowed.buffer(-CLEAR_M))) > 1
        return
    line = shapely.linestrings(in_metres(way))
    assert allowed.contains(line)


def test_a_fence_and_a_zone_refuse_what_lies_beyond() -> None:
    square = Polygon([(0, 0), (400, 0), (400, 400), (0, 400)], [[(100, 100), (200, 100), (200, 200), (100, 200)]])
    transits = Transits.of(area_of(square), fence=area_of(Polygon(square.exterior)))
    refused = transits.way(*places([(-10, 50), (50, 50)]))
    assert isinstance(refused, Refused)
    assert str(refused) == "home: it lies outside the fence (move it nearer)"
    refused = transits.way(*places([(50, 50), (150, 150)]))
    assert isinstance(refused, Refused)
    assert str(refused) == "path: it lies over no-fly zone 1 (move it out)"
    assert isinstance(Transits.of(area_of(square)).way(*places([(-10, 50), (50, 50)])), tuple)


def test_a_place_shut_in_by_a_zone_is_refused() -> None:
    ring = Polygon([(0, 0), (400, 0), (400, 400), (0, 400)])
    island = Polygon([(20, 20), (380, 20), (380, 380), (20, 380)])
    transits = Transits.of(area_of(ring), fence=area_of(ring))
    assert isinstance(transits.way(*places([(50, 50), (300, 300)])), tuple)
    wall = Polygon([(150, 5), (160, 5), (160, 395), (150, 395)])
    walled = Transits.of(area_of(Polygon(ring.exterior, [wall.exterior])), fence=area_of(island))
    refused = walled.way(*places([(50, 50), (300, 300)]))
    assert isinstance(refused, Refused)
    assert "no way" in str(refused)


def test_deep_in_a_narrow_notch_a_way_is_found() -> None:
    comb = [(100, 100), (300, 100), (300, 300), (202, 300), (202, 120), (198, 120), (198, 300), (100, 300)]
    zone = Polygon(comb)
    square = Polygon([(0, 0), (400, 0), (400, 400), (0, 400)], [comb])
    way = Transits.of(area_of(square)).way(*places([(200, 125), (200, 20)]))
    assert not isinstance(way, Refused)
    line = shapely.linestrings(in_metres(way))
    assert zone.distance(line) > 0.5
    assert line.length < 750


def test_straight_ways_have_no_bends() -> None:
    _, area, holes = land(3)
    transits = Transits.of(area)
    ends = [(-100.0, -50.0), (-20.0, 700.0)]
    assert transits.way(*places(ends)) == places(ends)
    centre = np.asarray(holes[0].centroid.coords)[0]
    out = beside(holes[0], np.random.default_rng(0), 0.03)
    way = transits.way_m(out, out + 0.5 * (out - centre) / np.hypot(*(out - centre)))
    assert not isinstance(way, Refused)


def stopping_s(way: Floats, pace: Pace) -> float:
    """Flight time of a way with a stop at every bend, leg by leg, s."""
    legs = [flight_s(way[k : k + 2], pace) for k in range(len(way) - 1)]
    return sum(legs) + pace.turn_s * (len(legs) - 1)


@settings(max_examples=15, deadline=None)
@given(seeds, st.floats(0.0, 6.3), st.floats(0.0, 9.5))
def test_ways_in_wind_are_the_quickest_there_and_take_no_longer_than_told(seed: int, way: float, mps: float) -> None:
    rng, area, holes = land(seed)
    still = Transits.of(area)
    windy = still.paced(Pace(wind_mps=(mps * np.cos(way), mps * np.sin(way))))
    home = rng.uniform(-200, 0, 2)
    spots = np.array([beside(h, rng, 6.0) for h in holes])
    spots = spots[shapely.distance(shapely.union_all(holes), shapely.points(spots)) > 5.5]
    ends = [np.array([windy.frame.to_xy(p) for p in places(a)]) for a in (spots, [home])]
    told = windy.times_s(ends[0], ends[1][0])
    for spot, time_s in zip(ends[0], told, strict=True):
        found, usual = windy.way_m(spot, ends[1][0]), still.way_m(spot, ends[1][0])
        assert not isinstance(found, Refused)
        assert not isinstance(usual, Refused)
        assert flight_s(found, windy.pace) <= time_s + 1e-6
        assert stopping_s(found, windy.pace) <= stopping_s(usual, windy.pace) + 1e-6
        assert time_s <= stopping_s(usual, windy.pace) + 1e-6


def test_a_pace_like_its_own_changes_no_way() -> None:
    _, area, _ = land(3)
    transits = Transits.of(area)
    assert transits.paced(Pace()) is transits
    assert transits.paced(Pace(wind_mps=(3.0, 0.0))).zones is transits.zones


def test_many_drones_among_fifty_zones() -> None:
    rng, area, holes = land(11, 50, 3000.0, 20)
    transits = Transits.of(area)
    homes = [rng.uniform(-300, 0, 2) for _ in range(4)]
    edges = shapely.union_all(holes)
    for k in range(40):
        sector = beside(holes[k % 50], rng, 0.05)
        if edges.distance(shapely.Point(sector)) < 0.01:
            continue
        way = transits.way_m(*(np.array(transits.frame.to_xy(p)) for p in places([homes[k % 4], sector])))
        assert not isinstance(way, Refused)
        assert not edges.intersects(shapely.linestrings(in_metres(tuple(transits.frame.to_latlon(*p) for p in way))))
    assert sum(len(links.corners) for links in transits.parts) <= 1.5 * MOST_CORNERS
