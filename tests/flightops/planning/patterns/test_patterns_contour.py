"""Contours: marching squares against surfaces with known lines, legs at their heights, from the top down, inside."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Malformed, Refused
from core.geo import Area, Floats
from core.terrain import GridTerrain
from flightops.planning.patterns.contour import contour_search
from flightops.planning.patterns.isolines import isolines
from tests.flightops.planning.patterns.ground import FRAME, box, good, metres, places

SIDE = np.arange(-1500.0, 1501.0, 20.0)
X, Y = np.meshgrid(SIDE, SIDE)


def terrain(heights: Floats) -> GridTerrain:
    return GridTerrain(FRAME, -1500.0, -1500.0, 20.0, heights)


CONE = terrain(800.0 - 0.5 * np.hypot(X, Y))
WAVES = terrain(300.0 + 80.0 * np.sin(X / 200.0) * np.cos(Y / 170.0) + 0.05 * X)


def disc(radius: float) -> Area:
    return places_area([(radius * math.sin(a), radius * math.cos(a)) for a in np.linspace(0, 2 * math.pi, 61)[:-1]])


def places_area(corners: list[tuple[float, float]], *holes: list[tuple[float, float]]) -> Area:
    return Area(places(corners), tuple(map(places, holes)))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.95))
def test_lines_part_high_nodes_from_low_ones(seed: int, level: float) -> None:
    heights = np.random.default_rng(seed).uniform(0.0, 1.0, (7, 9))
    lines = isolines(heights, level)
    for line in lines:
        at = line.astype(float)
        on_edge = np.isclose(at, np.round(at), atol=1e-12).any(axis=1)
        assert on_edge.all()
        closed = np.array_equal(line[0], line[-1])
        at_rim = [np.isclose(p, 0).any() or math.isclose(p[0], 8) or math.isclose(p[1], 6) for p in (line[0], line[-1])]
        assert closed or all(at_rim)
        for p in line:
            c, r = int(min(p[0], 7)), int(min(p[1], 5))
            fc, fr = p[0] - c, p[1] - r
            south = heights[r, c] * (1 - fc) + heights[r, c + 1] * fc
            north = heights[r + 1, c] * (1 - fc) + heights[r + 1, c + 1] * fc
            assert south * (1 - fr) + north * fr == pytest.approx(level, abs=1e-9)
    for along_row in (heights >= level, (heights >= level).T):
        changes = int((along_row[:, 1:] != along_row[:, :-1]).sum())
        assert changes <= sum(len(line) for line in lines)


def test_a_plane_has_one_straight_line() -> None:
    heights = np.arange(6.0)[:, None] + np.zeros(5)
    (line,) = isolines(heights, 2.25)
    assert sorted(line[:, 0]) == [0, 1, 2, 3, 4]
    assert line[:, 1] == pytest.approx(2.25)


def test_a_saddle_is_parted_by_its_own_height() -> None:
    heights = np.array([[1.0, 0.0], [0.0, 1.0]])
    low, high = isolines(heights, 0.4), isolines(heights, 0.6)
    assert len(low) == len(high) == 2
    # below the saddle's 0.5 the high corners hang together, so the lines cut off the low ones
    assert any(shapely.LineString(line).distance(shapely.Point(1, 0)) < 0.5 for line in low)
    assert all(min(np.hypot(*(line.mean(axis=0) - c)) for c in ((1, 0), (0, 1))) < 0.5 for line in low)
    assert all(min(np.hypot(*(line.mean(axis=0) - c)) for c in ((0, 0), (1, 1))) < 0.5 for line in high)


def test_unknown_ground_and_flat_ground_have_no_lines() -> None:
    heights = np.array([[0.0, 0.0, 0.0], [1.0, np.nan, 1.0], [2.0, 2.0, 2.0]])
    assert isolines(heights, 0.5) == []
    assert isolines(np.ones((4, 4)), 2.0) == []


def test_a_cone_is_flown_in_circles_from_the_top_down() -> None:
    pattern = good(contour_search(CONE, disc(998.0), 100.0))
    path = metres(pattern.path)
    assert pattern.name == "contour search"
    assert pattern.spacing_m is None
    radii = [199.6 * (k + 0.5) for k in range(5)]
    around = sum(2 * math.pi * r for r in radii)
    links = radii[-1] - radii[0]
    assert pattern.length_m == pytest.approx(around + links, rel=0.02)
    heights = CONE.heights_xy(path)
    assert heights[0] > heights[-1]
    assert (np.diff(heights) < 12.0).all()


def test_legs_lie_at_even_heights_inside_the_area_and_off_its_holes() -> None:
    hole = [(-900.0, 0.0), (-600.0, 0.0), (-600.0, 300.0)]
    right = [(1000.0, -1000.0), (1000.0, 1000.0), (500.0, 1000.0), (500.0, -500.0)]
    left = [(-500.0, -500.0), (-500.0, 1000.0), (-1000.0, 1000.0), (-1000.0, -1000.0)]
    area = places_area(right + left, hole)
    pattern = good(contour_search(WAVES, area, 40.0, fence=area))
    path = metres(pattern.path)
    ground = shapely.Polygon(metres(area.outer), [metres(h) for h in area.holes])
    assert ground.buffer(0.01).covers(shapely.LineString(path))
    heights = WAVES.heights_xy(path)
    known = shapely.contains_xy(ground, X.ravel(), Y.ravel())
    rim = WAVES.heights_xy(shapely.get_coordinates(shapely.segmentize(ground, 5.0)))
    in_area = np.concatenate([WAVES.heights.ravel()[known], rim])
    n = math.ceil(np.ptp(in_area) / 40.0)
    levels = in_area.max() - (np.arange(n) + 0.5) * np.ptp(in_area) / n
    off = np.abs(heights[:, None] - levels)
    on_level = off.min(axis=1) < 1.0
    assert on_level.mean() > 0.9
    flown = off.argmin(axis=1)[on_level]
    assert (np.diff(flown) >= 0).all()
    assert set(flown) == set(range(n))
    assert contour_search(WAVES, area, 40.0) == contour_search(WAVES, area, 40.0)


def test_a_slope_is_seen_whole_when_the_bands_are_as_wide_as_the_swath() -> None:
    slope = terrain(200.0 + 0.5 * X)
    pattern = good(contour_search(slope, box(500.0, 400.0), 50.0))
    path = metres(pattern.path)
    strips = shapely.LineString(path).buffer(50.5, cap_style="square")
    ground = shapely.box(-500, -400, 500, 400)
    assert ground.difference(strips).area <= 1e-3 * ground.area
    assert pattern.length_m == pytest.approx(10 * 800 + 9 * 100, rel=0.01)


def test_unknown_or_gentle_ground_is_refused_in_words() -> None:
    outside = contour_search(CONE, box(1600.0, 300.0), 50.0)
    torn = CONE.heights.copy()
    torn[75, 80] = np.nan
    unknown = contour_search(terrain(torn), box(300.0, 300.0), 50.0)
    gentle = contour_search(terrain(100.0 + 0.01 * X), box(300.0, 300.0), 50.0)
    for answer, field in ((outside, "terrain"), (unknown, "terrain"), (gentle, "area")):
        assert isinstance(answer, Refused)
        assert answer.reasons[0].field == field
        assert answer.reasons[0].fix


def test_a_fence_smaller_than_the_area_refuses() -> None:
    answer = contour_search(CONE, box(600.0, 600.0), 50.0, fence=box(300.0, 700.0))
    assert isinstance(answer, Refused)
    assert answer.reasons[0].field == "fence"


@pytest.mark.parametrize("step", [0.0, math.nan, 5000.0])
def test_bad_steps_are_refused(step: float) -> None:
    with pytest.raises(Malformed) as refused:
        contour_search(CONE, box(300.0, 300.0), step)
    assert refused.value.field == "step_m"
