"""Route search: no ground within the half width is left unseen, however the route bends."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Malformed, Refused
from core.geo import LatLon
from flightops.planning.patterns.route import UNSEEN_SHARE, route_search
from tests.flightops.planning.patterns.ground import box, good, metres, places, seen

few = settings(max_examples=25, deadline=None)
Line = list[tuple[float, float]]


def unseen_m2(line: Line, half_width: float, spacing: float, swath: float) -> float:
    """Ground within the half width of the route that no leg with the swath sees."""
    path = metres(good(route_search(places(line), half_width, spacing)).path)
    corridor = shapely.union_all([shapely.LineString(leg).buffer(half_width, quad_segs=48) for leg in pairwise(line)])
    return float(corridor.difference(seen(path, swath)).area)


@st.composite
def routes(draw: st.DrawFn) -> Line:
    """Walks of 2 to 9 corners: long and short legs, bends of any sharpness, crossings of themselves."""
    corner = st.tuples(st.floats(-300, 300), st.floats(-300, 300)).filter(lambda s: math.hypot(*s) > 0.5)
    steps = draw(st.lists(corner, min_size=1, max_size=8))
    return [(float(x), float(y)) for x, y in np.vstack([[0.0, 0.0], np.cumsum(steps, axis=0)])]


@pytest.mark.slow
@few
@given(routes(), st.sampled_from([30.0, 75.0, 160.0]), st.sampled_from([25.0, 50.0, 90.0]))
def test_all_ground_within_the_half_width_is_seen(line: Line, half_width: float, spacing: float) -> None:
    assert unseen_m2(line, half_width, spacing, spacing * (1 + 1.1 * UNSEEN_SHARE)) <= 1e-3


BENDS: dict[str, Line] = {
    "right angle": [(0, 0), (800, 0), (800, 800)],
    "sharp bend": [(0, 0), (800, 0), (100, 150)],
    "there and back": [(0, 0), (800, 0), (0, 0)],
    "zigzag shorter than the half width": [(0, 0), (60, 40), (120, 0), (180, 40), (240, 0), (300, 40)],
    "closed loop": [(0, 0), (500, 0), (500, 500), (0, 500), (0, 0)],
    "crossing itself": [(0, 0), (600, 0), (600, 300), (300, 300), (300, -300)],
    "one corner doubled": [(0, 0), (400, 0), (400, 0), (800, 100)],
    "straight on at a corner": [(0, 0), (400, 0), (800, 0)],
}


@pytest.mark.parametrize("name", BENDS)
@pytest.mark.parametrize(("half_width", "spacing"), [(75.0, 50.0), (100.0, 50.0), (20.0, 60.0)])
def test_bends(name: str, half_width: float, spacing: float) -> None:
    swath = spacing * (1 + 1.1 * UNSEEN_SHARE)
    line = list(BENDS[name])
    if name == "one corner doubled":
        line.pop(1)
    assert unseen_m2(line, half_width, spacing, swath) <= 1e-3


def test_a_narrower_swath_does_leave_ground_unseen() -> None:
    assert unseen_m2(BENDS["right angle"], 75.0, 50.0, 48.0) > 100.0


def test_one_pass_is_the_route_itself() -> None:
    line = BENDS["right angle"]
    assert metres(good(route_search(places(line), 20.0, 60.0)).path) == pytest.approx(np.array(line), abs=0.01)


@few
@given(st.floats(200, 5000), st.floats(20, 300), st.floats(20, 120))
def test_a_straight_route_is_as_long_as_its_formula(length: float, half_width: float, spacing: float) -> None:
    pattern = good(route_search(places([(-length / 2, 0.0), (length / 2, 0.0)]), half_width, spacing))
    n = max(math.ceil(2 * half_width / spacing - 1e-9), 1)
    gap = 2 * half_width / n
    assert pattern.spacing_m == pytest.approx(gap)
    off = [(k + 0.5) * gap - half_width for k in range(n)]
    inner = [gap / 2 if abs(o) < gap / 4 else abs(o) - gap / 2 for o in off]
    on = [math.sqrt(max(half_width**2 - i**2, 0.0)) for i in inner]
    links = sum(math.hypot(gap, b - a) for a, b in pairwise(on))
    assert pattern.length_m == pytest.approx(n * length + 2 * sum(on) + links, rel=1e-5)


def test_passes_keep_near_a_gentle_route() -> None:
    line = [(0.0, 0.0), (600.0, 60.0), (1200.0, 0.0)]
    path = metres(good(route_search(places(line), 100.0, 50.0)).path)
    near = shapely.LineString(line).buffer(math.hypot(75.0, 87.0))
    assert near.covers(shapely.LineString(path))
    assert len(path) < 40


def test_a_route_out_of_its_fence_is_refused() -> None:
    answer = route_search(places([(-400, 0), (400, 0)]), 60.0, 40.0, box(300.0, 300.0))
    assert isinstance(answer, Refused)
    assert "leaves the fence" in answer.reasons[0].problem


@pytest.mark.parametrize(
    ("line", "half_width", "spacing", "field"),
    [
        ([(0.0, 0.0)], 50.0, 50.0, "route"),
        ([(0.0, 0.0), (0.0, 0.0)], 50.0, 50.0, "route"),
        ([(0.0, 0.0), (100.0, 0.0)], math.nan, 50.0, "half_width_m"),
        ([(0.0, 0.0), (100.0, 0.0)], 50.0, 0.0, "spacing_m"),
        ([(0.0, 0.0), (100.0, 0.0)], 5000.0, 1.0, "spacing_m"),
        ([(0.0, 0.0), (150_000.0, 0.0)], 50.0, 50.0, "route"),
    ],
)
def test_bad_routes_are_refused_by_name(line: Line, half_width: float, spacing: float, field: str) -> None:
    with pytest.raises(Malformed) as refused:
        route_search(places(line), half_width, spacing)
    assert refused.value.field == field


def test_a_route_half_round_the_world_is_refused() -> None:
    with pytest.raises(Malformed, match="route"):
        route_search((LatLon(0.0, 0.0), LatLon(0.0, 170.0)), 50.0, 50.0)
