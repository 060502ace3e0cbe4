"""Parallel track and creeping line: length by closed form, the whole rectangle seen, symmetry, the fence."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Malformed, Refused
from flightops.planning.patterns.lines import Rectangle, creeping_line, parallel_track
from flightops.planning.patterns.pattern import inside
from tests.flightops.planning.patterns.ground import DATUM, box, good, metres, places, seen

few = settings(max_examples=15, deadline=None)
rectangles = st.builds(
    lambda length, share, bearing: Rectangle(DATUM, length, length * share, bearing),
    st.floats(300, 3000),
    st.floats(0.2, 1.0),
    st.floats(-180, 360),
)


def along_bearing(rectangle: Rectangle, xy: np.ndarray) -> np.ndarray:
    """Metres ahead along the bearing and to the right of it."""
    s, c = math.sin(math.radians(rectangle.bearing_deg)), math.cos(math.radians(rectangle.bearing_deg))
    return np.column_stack([xy @ [s, c], xy @ [c, -s]])


@few
@given(rectangles, st.floats(15, 55))
def test_parallel_track_is_as_long_as_its_formula_and_sees_the_rectangle(r: Rectangle, spacing: float) -> None:
    pattern = good(parallel_track(r, spacing))
    n = math.ceil(r.width_m / spacing - 1e-9)
    gap = r.width_m / n
    assert pattern.spacing_m == pytest.approx(gap)
    assert gap <= spacing * (1 + 1e-9)
    assert pattern.length_m == pytest.approx(n * (r.length_m - gap) + (n - 1) * gap, rel=1e-6)
    path = along_bearing(r, metres(pattern.path))
    ground = shapely.box(-r.length_m / 2, -r.width_m / 2, r.length_m / 2, r.width_m / 2)
    assert ground.difference(seen(path, gap + 0.01, "square")).area <= 1e-6 * ground.area
    assert ground.buffer(-gap / 2 + 0.01).covers(shapely.LineString(path))
    assert path[0] == pytest.approx((-r.length_m / 2 + gap / 2, -r.width_m / 2 + gap / 2), abs=0.01)
    assert path[1] == pytest.approx((r.length_m / 2 - gap / 2, -r.width_m / 2 + gap / 2), abs=0.01)


@few
@given(rectangles, st.floats(15, 55))
def test_creeping_line_goes_across_and_sees_the_rectangle(r: Rectangle, spacing: float) -> None:
    pattern = good(creeping_line(r, spacing))
    n = math.ceil(r.length_m / spacing - 1e-9)
    gap = r.length_m / n
    assert pattern.length_m == pytest.approx(n * (r.width_m - gap) + (n - 1) * gap, rel=1e-6)
    path = along_bearing(r, metres(pattern.path))
    ground = shapely.box(-r.length_m / 2, -r.width_m / 2, r.length_m / 2, r.width_m / 2)
    assert ground.difference(seen(path, gap + 0.01, "square")).area <= 1e-6 * ground.area
    assert path[0] == pytest.approx((-r.length_m / 2 + gap / 2, -r.width_m / 2 + gap / 2), abs=0.01)
    assert path[1] == pytest.approx((-r.length_m / 2 + gap / 2, r.width_m / 2 - gap / 2), abs=0.01)


@few
@given(rectangles, st.floats(15, 55))
def test_the_legs_lie_the_same_seen_from_behind(r: Rectangle, spacing: float) -> None:
    for draw in (parallel_track, creeping_line):
        path = metres(good(draw(r, spacing)).path)
        turned = {(round(x, 1), round(y, 1)) for x, y in -path}
        assert all(min(abs(x - a) + abs(y - b) for a, b in turned) < 0.3 for x, y in path)


def test_a_creeping_line_over_a_square_is_a_parallel_track_turned() -> None:
    a = metres(good(parallel_track(Rectangle(DATUM, 600, 600, 0.0), 50.0)).path)
    b = metres(good(creeping_line(Rectangle(DATUM, 600, 600, 0.0), 50.0)).path)
    assert a == pytest.approx(b[:, ::-1], abs=0.01)


def test_a_spacing_that_divides_the_width_is_kept() -> None:
    pattern = good(parallel_track(Rectangle(DATUM, 1000, 600, 20.0), 50.0))
    assert pattern.spacing_m == pytest.approx(50.0)
    assert len(pattern.path) == 24


def test_a_fence_refuses_and_the_pieces_inside_can_be_had() -> None:
    fence = box(500.0, 200.0, [(-40.0, -40.0), (40.0, -40.0), (40.0, 40.0), (-40.0, 40.0)])
    rectangle = Rectangle(DATUM, 1000.0, 500.0, 90.0)
    answer = parallel_track(rectangle, 50.0, fence)
    assert isinstance(answer, Refused)
    assert all("leg" in r.problem and "longitude 120." in r.problem and r.fix for r in answer.reasons)
    assert any("no-fly zone 1" in r.problem for r in answer.reasons)
    pieces = inside(good(parallel_track(rectangle, 50.0)), fence)
    assert [p.name for p in pieces] == [f"parallel track {k + 1}" for k in range(len(pieces))]
    ground = shapely.Polygon(metres(fence.outer), [metres(h) for h in fence.holes])
    lines = [shapely.LineString(metres(p.path)) for p in pieces]
    assert all(ground.buffer(0.02).covers(line) for line in lines)
    whole = shapely.LineString(metres(good(parallel_track(rectangle, 50.0)).path))
    assert sum(line.length for line in lines) == pytest.approx(whole.intersection(ground).length, abs=0.1)


def test_a_long_list_of_stretches_is_cut_short() -> None:
    answer = parallel_track(Rectangle(DATUM, 1000.0, 900.0), 20.0, box(450.0, 300.0))
    assert isinstance(answer, Refused)
    assert len(answer.reasons) == 9
    assert "more stretches" in answer.reasons[-1].problem


def test_a_fence_that_is_no_area_is_malformed() -> None:
    crossed = box(500.0, 200.0)
    bow = type(crossed)(places([(0, 0), (100, 100), (100, 0), (0, 100)]))
    with pytest.raises(Malformed, match="fence"):
        parallel_track(Rectangle(DATUM, 1000.0, 500.0), 50.0, bow)


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: Rectangle(DATUM, 100.0, 200.0), "width_m"),
        (lambda: Rectangle(DATUM, math.nan, 200.0), "length_m"),
        (lambda: Rectangle(DATUM, 300.0, 200.0, math.nan), "bearing_deg"),
        (lambda: parallel_track(Rectangle(DATUM, 300.0, 200.0), -1.0), "spacing_m"),
        (lambda: parallel_track(Rectangle(DATUM, 300.0, 300.0), 400.0), "spacing_m"),
        (lambda: creeping_line(Rectangle(DATUM, 300.0, 50.0), 60.0), "spacing_m"),
        (lambda: creeping_line(Rectangle(DATUM, 40_000.0, 20_000.0), 5.0), "spacing_m"),
    ],
)
def test_bad_numbers_are_refused_by_name(call: object, field: str) -> None:
    with pytest.raises(Malformed) as refused:
        call()  # type: ignore[operator]
    assert refused.value.field == field
