"""Who flies which share, and which way round."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from flightops.planning.partition import assigned


@given(st.integers(2, 6), st.floats(-400, 900), st.floats(-900, 400), st.floats(0, 6.2))
def test_drones_do_not_enter_or_leave_their_shares_where_another_does(n: int, x: float, y: float, turn: float) -> None:
    knots = np.array([[400.0 * k, 150.0 * math.sin(k + turn)] for k in range(n + 1)])
    paths = tuple(np.stack([a, (a + b) / 2 + 40.0, b]) for a, b in pairwise(knots))
    homes = tuple(np.array([x + 15.0 * k, y]) for k in range(n))
    given_out = assigned(homes, paths)
    assert sorted(j for j, _ in given_out) == list(range(n))
    for end in (0, -1):
        points = np.array([p[end] for _, p in given_out])
        gaps = np.hypot(*(points[:, None] - points[None, :]).transpose(2, 0, 1))
        assert gaps[np.triu_indices(n, 1)].min() >= 60.0
