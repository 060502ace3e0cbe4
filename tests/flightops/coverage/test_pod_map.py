"""The POD map is what the model says by cell: nothing more was seen than was, nothing lies outside the area."""

from __future__ import annotations

import math
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from shapely import Polygon

from core.camera import THERMAL_640
from core.errors import Malformed
from core.events import SearchEnded, SearchOutcome
from core.geo import LatLon, distance_m
from core.ids import SearchId
from core.io.log.memory import MemoryLog
from core.roles import Role
from core.units import UtcSeconds
from flightops.coverage.book import CoverageBook
from flightops.coverage.land import woods_from
from flightops.coverage.pod_map import MOST_PICTURE_CELLS, OUTSIDE, PodMap
from flightops.coverage.pod_picture import STOPS, Theme, picture, placed, ramp, rows_json
from flightops.coverage.seen import Means
from flightops.planning.probability.detection import coverage_of_lines, pod_random
from tests.flightops.coverage.test_coverage import (
    CLOCK,
    FRAME,
    HERE,
    MEANS,
    OUTLINE,
    SWATH,
    WHO,
    WIDE,
    accepted,
    basemap,
    boxes,
    found,
    strip,
)
from tests.ground.web_world import world

ONE_LOOK = float(pod_random(coverage_of_lines(36.0, SWATH)))
SECOND = SearchId("s2")


def test_ground_seen_once_has_the_pod_of_one_look_and_unseen_ground_has_none() -> None:
    half = shapely.box(0, 0, 200, 200)
    m = found([accepted(), strip(half)]).pod_map
    values = np.unique(np.round(m.pod[m.inside > 0.0], 6))
    assert values[0] == 0.0, "never looked at is 0, not missing"
    assert values[-1] == pytest.approx(ONE_LOOK, abs=1e-6)
    share = (m.inside * (m.pod > 0.999 * ONE_LOOK)).sum() / m.inside.sum()
    assert share == pytest.approx(0.5, abs=0.02)
    twice = found([accepted(), strip(half), strip(half), strip(half)]).pod_map
    ground = m.inside > 0.01
    assert (twice.pod[ground] == m.pod[ground]).all(), "looks of one sweep see nothing new"


def test_a_second_sweep_is_an_independent_look() -> None:
    m = found([accepted(), strip(OUTLINE), accepted(SECOND), strip(OUTLINE, 0, SECOND)]).pod_map
    assert m.pod[m.inside > 0.0] == pytest.approx(1.0 - (1.0 - ONE_LOOK) ** 2, abs=1e-9)


def test_known_canopy_lowers_the_cells_under_it_only() -> None:
    m = found([accepted(), strip(OUTLINE)], Means(THERMAL_640, 36.0, woods_from(basemap(canopy=0.8)))).pod_map
    whole = m.inside > 0.999
    cols = m.pod.shape[1]
    assert m.pod[:, : cols // 2 - 1][whole[:, : cols // 2 - 1]] == pytest.approx(0.2 * ONE_LOOK, abs=1e-6)
    assert m.pod[:, cols // 2 + 1 :][whole[:, cols // 2 + 1 :]] == pytest.approx(ONE_LOOK, abs=1e-6)


@settings(deadline=None, max_examples=10)
@given(boxes, boxes)
def test_more_looks_never_lower_a_cell_and_the_mean_is_the_pod_told(
    first: list[tuple[float, float, float, float]], then: list[tuple[float, float, float, float]]
) -> None:
    own = [strip(shapely.box(x, y, x + w, y + h)) for x, y, w, h in first]
    beside = [strip(shapely.box(x, y, x + w, y + h), 0, SECOND) for x, y, w, h in then]
    before = found([accepted(), *own[:4]])
    for told in (found([accepted(), *own]), found([accepted(), *own[:4], accepted(SECOND), *beside])):
        m = told.pod_map
        assert (m.pod >= before.pod_map.pod - 1e-12).all()
        assert m.mean() == pytest.approx(told.pods_of_all.random, abs=1e-9)
        assert (m.pod[m.inside == 0.0] == 0.0).all()
        assert (m.percents()[::-1][m.inside == 0.0] == OUTSIDE).all()
        assert (m.percents()[::-1][m.inside * m.grid.cell_m2 > 5.0] != OUTSIDE).all(), (
            "never looked at is 0, not missing"
        )
    again = found([accepted(), *own[:4]])
    for theme in Theme:
        assert picture(again.pod_map, theme) == picture(before.pod_map, theme), "the same bytes for the same looks"


def ringed() -> Polygon:
    """An L with a yard left out, so that outside lies on all sides and within."""
    ell = shapely.box(0, 0, 400, 120).union(shapely.box(0, 0, 120, 400))
    return shapely.Polygon(ell.exterior)


def test_nothing_lies_outside_the_area() -> None:
    told = found([accepted(area=ringed()), strip(shapely.box(-500, -500, 900, 900))])
    m = told.pod_map
    cells = m.grid.boxes((slice(0, m.grid.rows), slice(0, m.grid.cols)))
    area = told.frame.to_xy_many(np.array([[p.lon_deg, p.lat_deg] for p in accepted(area=ringed()).area.outer]))
    touched = shapely.area(shapely.intersection(cells, Polygon(area))) >= 5.0
    assert ((m.percents()[::-1] != OUTSIDE) == touched).all()
    assert 0.3 < touched.mean() < 0.7
    seen = cv2.imdecode(np.frombuffer(picture(m, Theme.DAY), np.uint8), cv2.IMREAD_UNCHANGED)
    assert ((seen[::-1, :, 3] == 255) == touched).all()
    assert set(np.unique(seen[..., 3])) == {0, 255}


@pytest.mark.parametrize("theme", Theme)
def test_the_picture_says_what_the_numbers_say_north_up(theme: Theme) -> None:
    m = found([accepted(), strip(shapely.box(0, 150, WIDE, 200))]).pod_map
    seen = cv2.imdecode(np.frombuffer(picture(m, theme), np.uint8), cv2.IMREAD_UNCHANGED)
    assert seen.shape == (*m.pod.shape, 4)
    ground = m.percents() != OUTSIDE
    assert (seen[ground][:, 2::-1] == ramp(theme)[m.percents()[ground]]).all()
    assert m.percents()[5, 5] == math.floor(100 * ONE_LOOK), "the strip lies along the northern edge"
    assert m.percents()[-5, 5] == 0
    rows = rows_json("s1", m)
    assert rows["pod"][5][5] == pytest.approx(ONE_LOOK, abs=1e-4)
    assert rows["pod"][-5][5] == 0.0
    none = np.array([[v is None for v in row] for row in rows["pod"]])
    assert (none[::-1] == (m.inside == 0.0)).all()
    assert (len(rows["pod"]), len(rows["pod"][0])) == (rows["rows"], rows["cols"]) == m.pod.shape


def luminance(rgb: np.ndarray) -> np.ndarray:
    """Relative luminance (..., 3) -> (...), WCAG 2.2."""
    c = np.asarray(rgb, dtype=np.float64) / 255.0
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ (0.2126, 0.7152, 0.0722)


@pytest.mark.parametrize(("theme", "way"), [(Theme.NIGHT, 1.0), (Theme.DAY, -1.0)])
def test_ramps_run_one_way_in_lightness(theme: Theme, way: float) -> None:
    light = luminance(ramp(theme))
    assert (np.diff(light) * way > 0.0).all()
    low, high = sorted((light[0], light[-1]))
    assert (high + 0.05) / (low + 0.05) > 4.5
    assert tuple(f"#{bytes(c).hex()}" for c in ramp(theme)[::25]) == STOPS[theme]


PALETTE = Path(__file__).parents[3] / "ground/web/app/src/map/palette.ts"


def palette(theme: Theme) -> dict[str, str]:
    """The map's own colours and opacities of a theme."""
    block = PALETTE.read_text(encoding="utf-8").split(f"const {theme.upper()}: Palette = {{")[1].split("}")[0]
    return dict(re.findall(r'(\w+): "?#?([0-9a-f.]+)"?,', block))


def on_map(theme: Theme, percent: int, ground: str = "ground") -> np.ndarray:
    """sRGB of a cell as the map shows it over a kind of its ground."""
    named = palette(theme)
    opacity, below = float(named["pod"]), np.array(list(bytes.fromhex(named[ground])))
    return np.asarray(ramp(theme)[percent] * opacity + below * (1.0 - opacity))


@pytest.mark.parametrize("ground", ["ground", "field", "forest", "residential", "water"])
@pytest.mark.parametrize("theme", Theme)
def test_gaps_and_outlines_are_read_on_the_map(theme: Theme, ground: str) -> None:
    def contrast(a: np.ndarray, b: np.ndarray) -> float:
        low, high = sorted((float(luminance(a)), float(luminance(b))))
        return (high + 0.05) / (low + 0.05)

    gap, outline = (np.array(list(bytes.fromhex(palette(theme)[name]))) for name in ("gap", "area"))
    assert contrast(gap, on_map(theme, 0, ground)) > 3.0, "a gap's own cells have POD 0 (WCAG 2.2, 1.4.11)"
    assert contrast(on_map(theme, 0, ground), on_map(theme, 55, ground)) > 1.5, "one look stands out from none"
    assert all(contrast(outline, on_map(theme, p, ground)) > 3.0 for p in range(90))


def test_a_long_area_that_lies_aslant_has_a_map_of_bounded_size() -> None:
    a, b = (0.0, 0.0), (9_000.0, 9_000.0)
    aslant = Polygon([a, (40.0, -40.0), (b[0] + 40.0, b[1] - 40.0), b])
    told = found([accepted(area=aslant), strip(aslant)])
    assert told.pod_map.pod.size <= 1.05 * MOST_PICTURE_CELLS
    assert told.pod_map.mean() == pytest.approx(ONE_LOOK, rel=0.01)
    assert len(picture(told.pod_map, Theme.NIGHT)) < 50_000


def test_an_area_smaller_than_a_cell_is_shown() -> None:
    told = found([accepted(area=shapely.box(0, 0, 2, 2)), strip(shapely.box(-5, -5, 9, 9))])
    assert told.pod_map.percents().min() == math.floor(100 * ONE_LOOK)


@pytest.mark.parametrize("bad", [math.nan, -0.1, 1.1, math.inf])
def test_a_pod_that_is_none_is_refused_by_name(bad: float) -> None:
    m = found([accepted()]).pod_map
    spoiled = m.pod.copy()
    spoiled[3, 3] = bad
    with pytest.raises(Malformed) as told:
        PodMap(m.grid, m.inside, spoiled)
    assert told.value.field == "pod_map.pod"


def place_of(corners: list[list[float]], row: float, col: float, shape: tuple[int, int]) -> LatLon:
    """Where a map that stretches the picture between its corners draws a place of it (rows down from the north)."""
    nw, ne, se, sw = (np.array(c) for c in corners)
    v, u = row / shape[0], col / shape[1]
    lon, lat = (1 - v) * ((1 - u) * nw + u * ne) + v * ((1 - u) * sw + u * se)
    return LatLon(float(lat), float(lon))


async def test_the_routes_answer_with_a_picture_in_its_place(tmp_path: Path) -> None:
    log = MemoryLog()
    w = world(tmp_path, log=log, coverage=CoverageBook(log, MEANS, CLOCK))
    at = "/api/v1/searches/s1/coverage"
    async with w.client() as c:
        for path in ("/pod", "/pod.png"):
            assert (await c.get(at + path)).status_code == 401
    known = shapely.box(300, 120, 340, 160)
    async with w.client(Role.UNIT) as c:
        for path in ("/pod", "/pod.png"):
            none = await c.get(at + path)
            assert none.status_code == 404
            assert none.json()["reasons"][0]["field"] == "search"
        await log.append(UtcSeconds(5.0), accepted(), strip(known), SearchEnded(HERE, SearchOutcome.STOPPED, WHO))
        told = (await c.get(at)).json()["pod_map"]
        rows, night, day = [await c.get(at + path) for path in ("/pod", "/pod.png", "/pod.png?theme=day")]
        wrong = await c.get(at + "/pod.png?theme=dusk")
    assert wrong.status_code == 422
    assert wrong.json()["reasons"][0]["field"] == "theme"
    assert rows.json()["mark"] == told["mark"]
    for answer, theme in ((night, Theme.NIGHT), (day, Theme.DAY)):
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["cache-control"] == "no-store"
        pixels = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)
        shape = pixels.shape[:2]
        assert shape == (told["rows"], told["cols"])
        unseen = (pixels[..., 2::-1] == ramp(theme)[0]).all(axis=2)
        seen = np.argwhere((pixels[..., 3] > 0) & ~unseen)
        top, left = seen.min(axis=0)
        bottom, right = seen.max(axis=0) + 1
        for (row, col), (x, y) in zip(((top, left), (bottom, right)), ((300, 160), (340, 120)), strict=True):
            away = distance_m(place_of(told["corners"], row, col, shape), FRAME.to_latlon(x, y))
            assert away <= 1.5 * told["cell_m"], "to the cell that holds the corner"
    told_by_rows = rows.json()["pod"]
    assert max(v for row in told_by_rows for v in row if v is not None) == pytest.approx(ONE_LOOK, abs=1e-4)


@pytest.mark.parametrize("side", [400.0, 9_000.0])
def test_corners_are_right_to_a_metre_and_so_is_all_between(side: float) -> None:
    """Two sides lie on the area's own; what a map stretches between the corners lies where the cells are."""
    m = found([accepted(area=shapely.box(0.0, 0.0, side, side))]).pod_map
    g, corners = m.grid, placed(m)["corners"]
    nw, ne, se, sw = (LatLon(lat, lon) for lon, lat in corners)
    assert distance_m(sw, FRAME.to_latlon(0.0, 0.0)) < (1.0 if side < 1_000.0 else 5.0), "its frame is turned from ours"
    assert nw.lat_deg > sw.lat_deg
    assert ne.lon_deg > nw.lon_deg
    assert distance_m(nw, ne) == pytest.approx(g.cols * g.cell_m, abs=1.0)
    assert distance_m(ne, se) == pytest.approx(g.rows * g.cell_m, abs=1.0)
    for v, u in ((0.5, 0.5), (0.5, 0.0), (0.0, 0.5), (0.25, 0.75)):
        x, y = g.west_m + u * g.cols * g.cell_m, g.south_m + (1 - v) * g.rows * g.cell_m
        drawn = place_of(corners, v, u, (1, 1))
        assert distance_m(drawn, g.frame.to_latlon(x, y)) < max(1.0, 0.05 * g.cell_m)
