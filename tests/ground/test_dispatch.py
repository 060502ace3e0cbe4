from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Malformed
from core.events import IncidentKind, IncidentOpened
from core.geo import Covariance, distance_m
from ground.dispatch.roads import MOBILITY, Roads, no_roads, parse_roads
from ground.dispatch.route import Router, _Search
from ground.dispatch.send import Scene, auto_task_id, proposals
from ground.dispatch.tasks import beyond_ellipse_m, ellipse_radius_m, guidance
from ground.incidents.book import Book
from ground.incidents.causes import incident_id
from ground.units.places import UnitPlace
from ground.units.roster import Roster
from tests.ground.ground_worlds import ORIGIN, T0, at, records

corner = st.tuples(st.integers(-8, 8), st.integers(-8, 8))
spot = st.tuples(st.floats(-900, 900), st.floats(-900, 900))


def roads_of(lines, speed: float | None = None, kind: str = "road") -> Roads:
    features = []
    for line in lines:
        points = [at(x, y) for x, y in line]
        properties = {"kind": kind} | ({"speed_mps": speed} if speed else {})
        geometry = {"type": "LineString", "coordinates": [[p.lon_deg, p.lat_deg] for p in points]}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    return parse_roads({"type": "FeatureCollection", "features": features}, ORIGIN)


def gap(a, b) -> float:
    return float(np.hypot(a[0] - b[0], a[1] - b[1]))


def on_edge(p, a, b):
    d = np.subtract(b, a)
    share = float(np.clip(np.dot(np.subtract(p, a), d) / np.dot(d, d), 0, 1))
    return (a[0] + share * d[0], a[1] + share * d[1])


def links_by_hand(edges, start, end, kind: str) -> list:
    """(from, to, seconds): the roads both ways, and every edge as a way on and off."""
    how = MOBILITY[kind]
    links = [("start", "end", gap(start, end) / how.off_road_mps)]
    for a, b in edges:
        links += [(a, b, gap(a, b) / how.top_mps), (b, a, gap(a, b) / how.top_mps)]
        s, e = on_edge(start, a, b), on_edge(end, a, b)
        on_s, off_s = gap(start, s) / how.off_road_mps, gap(e, end) / how.off_road_mps
        links.append(("start", "end", on_s + gap(s, e) / how.top_mps + off_s))
        for node in (a, b):
            links.append(("start", node, on_s + gap(s, node) / how.top_mps))
            links.append((node, "end", gap(node, e) / how.top_mps + off_s))
    return links


def by_hand_s(lines, start, end, kind: str) -> float:
    """Bellman-Ford on the same world."""
    links = links_by_hand([e for line in lines for e in pairwise(line) if e[0] != e[1]], start, end, kind)
    best = {"start": 0.0}
    for _ in range(len(links)):
        for a, b, seconds in links:
            if a in best and best[a] + seconds < best.get(b, np.inf):
                best[b] = best[a] + seconds
    return best["end"]


town = st.lists(st.lists(corner, min_size=2, max_size=4), min_size=0, max_size=2).map(
    lambda lines: [[(x * 100.0, y * 100.0) for x, y in line] for line in lines]
)


@given(town, spot, spot, st.sampled_from(["car", "foot"]))
@settings(deadline=None, max_examples=30)
def test_times_agree_with_a_plain_search_by_hand(lines, start, end, kind: str) -> None:
    """With at most six edges all are tried as ways on and off, so the router must find the very best way."""
    near = [ln for ln in lines if len(set(ln)) > 1]
    router = Router(roads_of(near) if near else no_roads(ORIGIN))
    route = router.route(at(*start), at(*end), kind)
    expected = by_hand_s(near, start, end, kind)
    reach = {s.edge for s in _snaps(router, kind, end)} if near else set()
    full = len(reach) == sum(a != b for ln in near for a, b in pairwise(ln))
    if not near or (full and len({s.edge for s in _snaps(router, kind, start)}) == len(reach)):
        assert route.time_s == pytest.approx(expected, rel=1e-4, abs=1e-3)
    assert route.time_s >= expected - 1e-2


def _snaps(router: Router, kind: str, xy):
    search = _Search(router._roads, kind, router._graph(kind), router._tree(kind))
    return search._snaps(np.array(router._roads.frame.to_xy(at(*xy))))


@given(town, st.lists(spot, min_size=1, max_size=6), spot, st.data())
@settings(deadline=None, max_examples=25)
def test_dispatch_picks_the_least_eta_of_all_units(lines, places, target, data) -> None:
    near = [ln for ln in lines if len(set(ln)) > 1]
    router = Router(roads_of(near) if near else no_roads(ORIGIN))
    kinds = {f"u{i}": data.draw(st.sampled_from(list(MOBILITY))) for i in range(len(places))}
    told = {u: UnitPlace(u, at(*p), T0) for u, p in zip(kinds, places, strict=True)}
    book = Book()
    opened = IncidentOpened("i-1", IncidentKind.PERSON_SEEN, at(*target), None, "s1", None)
    for r in records(opened):
        book.hear(r)
    roster = Roster()
    busy = data.draw(st.sampled_from([None, *kinds]))
    if busy:
        roster.busy[busy] = "t-0"
    offered = proposals(Scene(book, roster, told, kinds, router, T0), book.incidents["i-1"])
    alone = {u: router.route(told[u].place, at(*target), kinds[u]).time_s for u in kinds if u != busy}
    assert {p.unit: p.route.time_s for p in offered} == pytest.approx(alone, rel=1e-9)
    if offered:
        assert offered[0].route.time_s == min(alone.values(), default=None)


@given(town, spot, spot, st.sampled_from(list(MOBILITY)))
@settings(deadline=None, max_examples=30)
def test_a_route_starts_and_ends_where_asked_and_is_never_slower_than_walking(lines, start, end, kind: str) -> None:
    near = [ln for ln in lines if len(set(ln)) > 1]
    route = Router(roads_of(near) if near else no_roads(ORIGIN)).route(at(*start), at(*end), kind)
    assert (route.points[0], route.points[-1]) == (at(*start), at(*end))
    walk_m = float(np.hypot(start[0] - end[0], start[1] - end[1]))
    assert route.time_s <= walk_m / 1.2 + 1e-3
    assert route.length_m >= walk_m - 0.01 * walk_m - 1e-3
    assert route.time_s >= route.length_m / MOBILITY[kind].top_mps - 1e-3


def test_a_car_takes_the_road_and_its_crew_walks_the_last_leg() -> None:
    router = Router(roads_of([[(0, 0), (1200, 0)]]))
    route = router.route(at(0, 0), at(1200, 120), "car")
    assert route.time_s == pytest.approx(100 + 100, rel=1e-3)
    assert len(route.points) >= 3
    assert distance_m(route.points[-2], at(1200, 0)) < 1.0


def test_cars_stay_off_footpaths_and_posted_speeds_hold() -> None:
    path = Router(roads_of([[(0, 0), (1200, 0)]], kind="path"))
    assert path.route(at(0, 0), at(1200, 0), "car").time_s == pytest.approx(1000, rel=1e-3)
    assert path.route(at(0, 0), at(1200, 0), "foot").time_s == pytest.approx(1200 / 1.4, rel=1e-3)
    slow = Router(roads_of([[(0, 0), (1200, 0)]], speed=4.0))
    assert slow.route(at(0, 0), at(1200, 0), "car").time_s == pytest.approx(300, rel=1e-3)
    with pytest.raises(Malformed, match="kind"):
        slow.route(at(0, 0), at(1, 0), "horse")


@pytest.mark.parametrize(
    "feature",
    [
        {"properties": {}, "geometry": {"type": "LineString", "coordinates": [[1, 2]]}},
        {"properties": {}, "geometry": {"type": "LineString", "coordinates": [[1, 2], ["a", 3]]}},
        {"properties": {}, "geometry": {"type": "LineString", "coordinates": [[1, 2], [200, 3]]}},
        {"properties": {}, "geometry": {"type": "LineString", "coordinates": None}},
        {"properties": {"speed_mps": 0}, "geometry": {"type": "LineString", "coordinates": [[1, 2], [1, 3]]}},
        {"properties": {"speed_mps": "12"}, "geometry": {"type": "LineString", "coordinates": [[1, 2], [1, 3]]}},
    ],
)
def test_a_wrong_road_is_refused_with_its_number(feature) -> None:
    with pytest.raises(Malformed, match=r"roads\.features\[0\]"):
        parse_roads({"type": "FeatureCollection", "features": [feature]}, ORIGIN)


def test_other_features_are_passed_over() -> None:
    odd = [7, {}, {"geometry": None}, {"geometry": {"type": "Point", "coordinates": [1, 2]}, "properties": None}]
    assert len(parse_roads({"features": odd}, ORIGIN).ends) == 0


@given(st.floats(1, 80), st.floats(1, 80), st.floats(-0.9, 0.9), st.floats(0, 360))
@settings(deadline=None, max_examples=25)
def test_the_ellipse_radius_lies_on_the_95_percent_line(a: float, b: float, r: float, towards: float) -> None:
    c = Covariance(a * a, r * a * b, b * b)
    radius = ellipse_radius_m(c, towards)
    xy = radius * np.array([np.sin(np.radians(towards)), np.cos(np.radians(towards))])
    m = np.array([[c.ee_m2, c.en_m2], [c.en_m2, c.nn_m2]])
    assert xy @ np.linalg.solve(m, xy) == pytest.approx(5.9915, rel=1e-3)


def test_guidance_points_from_the_unit_to_the_incident() -> None:
    book = Book()
    cov = Covariance(100.0, 0.0, 25.0)
    for r in records(IncidentOpened("i-1", IncidentKind.PERSON_SEEN, at(0, 1000), cov, "s1", None)):
        book.hear(r)
    incident = book.incidents["i-1"]
    way = guidance(incident, UnitPlace("u1", at(0, 0), T0))
    assert way.bearing_deg % 360 == pytest.approx(0, abs=0.1)
    assert way.distance_m == pytest.approx(1000, rel=1e-3)
    assert beyond_ellipse_m(incident, at(0, 900)) == pytest.approx(100 - 2.4477 * 5, abs=0.3)
    assert beyond_ellipse_m(incident, at(20, 1000)) == 0.0


def test_made_ids_are_ids_however_long_the_cause() -> None:
    assert incident_id("s1") == "i-s1"
    assert auto_task_id(incident_id("s1"), 0) == "t-i-s1"
    for n in range(40, 65):
        made = incident_id("s" * n)
        assert len(made) <= 64
        assert len(auto_task_id(made, 12)) <= 64
    assert incident_id("s" * 63) != incident_id("s" * 64)
