from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.geo import Covariance, LatLon, distance_m, moved
from ground.incidents.book import view_of
from ground.incidents.fusion import GATE_99, View, covariance, distance2, fuse, matrix, newest_by_track
from ground.incidents.nearby import offset_m, shifted
from tests.ground.ground_worlds import FRAME, ORIGIN, at, rng, sighting

metres = st.floats(-200, 200)


@st.composite
def views(draw: st.DrawFn) -> list[View]:
    made = []
    for i in range(draw(st.integers(1, 6))):
        s = sighting(
            f"s{i}", draw(metres), draw(metres), track=f"k{draw(st.integers(0, 3))}",
            drone=f"d{draw(st.integers(0, 2))}", after_s=draw(st.floats(0, 900)), sigma_m=draw(st.floats(0.2, 30)),
        )  # fmt: skip
        made.append(view_of(s))
    return made


@given(views(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_the_order_of_sightings_does_not_matter(made: list[View], random) -> None:
    shuffled = list(made)
    random.shuffle(shuffled)
    place, spread = fuse(made)
    again, again_spread = fuse(shuffled)
    assert distance_m(place, again) < 1e-3
    assert np.allclose(matrix(spread), matrix(again_spread), rtol=1e-6)


@given(views())
@settings(deadline=None, max_examples=40)
def test_fusing_one_by_one_from_kept_views_equals_fusing_at_once(made: list[View]) -> None:
    kept: tuple[View, ...] = ()
    for v in made:
        kept = newest_by_track((*kept, v))
    assert fuse(kept) == fuse(newest_by_track(made))


@given(views())
@settings(deadline=None, max_examples=40)
def test_the_fused_ellipse_is_never_below_the_common_floor(made: list[View]) -> None:
    _, spread = fuse(made)
    assert np.linalg.eigvalsh(matrix(spread))[0] >= 0.25 - 1e-9


def test_more_views_of_one_flight_do_not_shrink_the_ellipse_below_what_they_share() -> None:
    many = [view_of(sighting(f"s{i}", track=f"k{i}", sigma_m=3.0)) for i in range(200)]
    assert np.linalg.eigvalsh(matrix(fuse(many)[1]))[0] >= 1.5**2
    _, alone = fuse(many[:1])
    assert np.linalg.eigvalsh(matrix(fuse(many)[1]))[1] < np.linalg.eigvalsh(matrix(alone))[1]


def test_the_95_percent_ellipse_of_fused_flights_holds_the_truth_about_as_often_as_it_says() -> None:
    random, held, runs = rng(4), 0, 400
    for _ in range(runs):
        made = []
        for drone in range(2):
            shared = random.normal(0, 1.5, 2)
            for k in range(4):
                own = np.array([random.uniform(1, 6), random.uniform(1, 6)])
                x, y = shared + random.normal(0, own)
                total = Covariance(own[0] ** 2 + 2.25, 0.0, own[1] ** 2 + 2.25)
                view = view_of(sighting(f"s{drone}{k}", x, y, drone=f"d{drone}"))
                made.append(View(view.sighting, view.track, view.drone, view.at, view.place, total, 1))
        place, spread = fuse(made)
        gap = np.array(FRAME.to_xy(place))
        held += gap @ np.linalg.solve(matrix(spread), gap) <= 5.991
    assert 0.93 <= held / runs <= 0.995


@given(st.floats(0.5, 30), st.floats(0, 300), st.floats(0, 360))
@settings(deadline=None, max_examples=40)
def test_distance_is_the_same_both_ways_and_grows_with_the_gap(sigma: float, gap: float, towards: float) -> None:
    c = Covariance(sigma**2, 0.0, sigma**2)
    b = at(gap * np.sin(np.radians(towards)), gap * np.cos(np.radians(towards)))
    there = distance2(ORIGIN, c, b, c)
    assert np.isclose(there, distance2(b, c, ORIGIN, c), rtol=1e-3, atol=1e-9)
    assert np.isclose(there, gap**2 / (2 * sigma**2 + 0.25), rtol=1e-3, atol=1e-6)
    assert distance2(ORIGIN, c, b, c, apart_s=120) <= there


def test_covariance_and_matrix_are_reverses() -> None:
    c = Covariance(4.0, 1.0, 9.0)
    assert covariance(matrix(c)) == c
    assert GATE_99 > 9.2


@given(st.floats(-70, 70), st.floats(-180, 180), st.floats(0, 1000), st.floats(0, 360))
@settings(deadline=None, max_examples=40)
def test_offsets_agree_with_the_geodesic(lat: float, lon: float, by_m: float, towards: float) -> None:
    a = LatLon(lat, lon)
    b = moved(a, towards, by_m)
    east, north = offset_m(a, b)
    assert abs(np.hypot(east, north) - by_m) < 0.02
    assert distance_m(shifted(a, east, north), b) < 0.02
