"""An area cut into parts: connected, of the shares asked, nothing lost and nothing twice."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon

from core.geo import Area, LatLon, LocalFrame
from flightops.planning.parts import parts
from flightops.planning.sweep import Effort, SweepRequest, plan_sweep

FRAME = LocalFrame(LatLon(28.8885, 120.036))


def holed(seed: int, holes: int) -> Polygon:
    rng = np.random.default_rng(seed)
    around = (np.arange(11) + rng.uniform(0.1, 0.9, 11)) * 2 * np.pi / 11
    reach = 600 * rng.uniform(0.6, 1, 11)
    area = Polygon(reach[:, None] * np.column_stack([np.cos(around), np.sin(around)]))
    for _ in range(holes):
        hole = shapely.Point(rng.uniform(-350, 350, 2)).buffer(float(rng.uniform(15, 60)), quad_segs=2)
        cut = area.difference(hole)
        area = cut if isinstance(cut, Polygon) else area
    return area


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 6), st.lists(st.floats(0.5, 3.0), min_size=1, max_size=9))
def test_parts_make_the_area_in_the_shares_asked(seed: int, holes: int, weights: list[float]) -> None:
    area = holed(seed, holes)
    found = parts(area, tuple(weights))
    assert found is not None
    assert all(isinstance(p, Polygon) and p.is_valid for p in found)
    assert sum(p.area for p in found) == pytest.approx(area.area, rel=1e-5)
    assert shapely.union_all(found).area == pytest.approx(area.area, rel=1e-5)
    for part, weight in zip(found, weights, strict=True):
        assert part.area / area.area == pytest.approx(weight / sum(weights), abs=0.01)


@pytest.mark.slow
def test_many_drones_get_a_part_each() -> None:
    area = holed(3, 5)
    rings = [[FRAME.to_latlon(x, y) for x, y in list(r.coords)[:-1]] for r in (area.exterior, *area.interiors)]
    request = SweepRequest(Area(tuple(rings[0]), tuple(map(tuple, rings[1:]))), 10.0, drones=16)
    plan = plan_sweep(request, Effort.FIRST)
    assert [p.drone for p in plan.paths] == list(range(16))
    assert plan.cover >= request.cover
    times = [p.time_s for p in plan.paths]
    assert max(times) < 1.6 * sum(times) / len(times)  # parts are equal in area, not yet in time
