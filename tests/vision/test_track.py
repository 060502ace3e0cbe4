"""Fusing views whose errors are partly the same, and the tracker's rules."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.geo import SCALE_95
from vision.track.fuse import View, first, fused, predicted, view_of
from vision.track.tracker import Seen, TrackRule, Tracks, step

SIGMAS = np.array([1.5, 1.5, 2.0, 0.035, 0.009, 0.009, 0.05, 2.0, 2.0, 2.0])


def jacobian(ahead, height=60.0):
    """Flying north over level ground, the camera straight down; the thing lies `ahead` metres to the north."""
    j = np.zeros((2, 10))
    j[0, 0] = j[1, 1] = 1.0
    j[1, 2] = ahead / height
    j[0, 3] = -ahead
    j[1, 4] = height + ahead**2 / height
    j[0, 5] = height
    j[1, 6] = 12.0
    j[1, 7] = -ahead / height
    j[0, 8] = j[1, 9] = 0.08
    return j


def view(at, xy, ahead=0.0, rng=None, common=None):
    exact = view_of(at, np.array(xy, float), jacobian(ahead), SIGMAS, 8)
    if rng is None:
        return exact
    return View(
        at, exact.xy + exact.common @ common + rng.multivariate_normal([0, 0], exact.own), exact.common, exact.own
    )


def passes(seed, views=20):
    rng = np.random.default_rng(seed)
    common, estimate, sizes = rng.standard_normal(8), None, []
    for k in range(views):
        v = view(k * 0.1, (0.0, 0.0), 12.0 - 1.2 * k, rng, common)
        estimate = first(v) if estimate is None else fused(predicted(estimate, v.at), v)
        sizes.append(estimate.covariance.ellipse_95()[0])
    return estimate, sizes


def test_fused_ellipses_hold_95_of_100_although_the_errors_are_common():
    inside = 0
    for seed in range(200):
        e, _ = passes(seed)
        inside += e.mean @ np.linalg.solve(e.cov, e.mean) <= SCALE_95**2
    assert inside / 200 > 0.91


def test_more_views_shrink_the_ellipse_to_a_floor_and_no_further():
    estimate, sizes = passes(1, 200)
    assert sizes[20] < sizes[0]
    position_alone = SCALE_95 * 1.5
    assert sizes[-1] > position_alone
    assert np.linalg.eigvalsh(estimate.cov).min() > 0


@given(
    st.lists(
        st.tuples(st.floats(0.01, 20), st.floats(-25, 25), st.floats(-5, 5), st.floats(-5, 5)), min_size=2, max_size=20
    )
)
@settings(max_examples=50, deadline=None)
def test_covariance_stays_positive(steps):
    at, estimate = 0.0, first(view(0.0, (0, 0)))
    for dt, ahead, x, y in steps:
        at += dt
        estimate = fused(predicted(estimate, at), view(at, (x, y), ahead))
        assert np.linalg.eigvalsh(estimate.cov).min() > 0


def names():
    counter = itertools.count()
    return lambda: f"t-{next(counter)}"


def play(frames, rule=None, new_track=None):
    """frames: (time, [(xy, score, person)]) -> (tracks, everything told with its time)"""
    tracks, told, new_track = Tracks(), [], new_track or names()
    for at, things in frames:
        seen = tuple(Seen(view(at, xy), score, person, None) for xy, score, person in things)
        tracks, news = step(tracks, seen, at, rule or TrackRule(), new_track)
        told += [(at, n.track) for n in news]
    return tracks, told


def test_a_person_seen_in_gaps_is_told_once():
    rng = np.random.default_rng(0)
    frames = [(k * 0.1, [(rng.normal(0, 0.15, 2), 0.6, True)] if k % 4 == 0 else []) for k in range(30)]
    _, told = play(frames)
    assert len(told) == 1
    assert told[0][0] <= 2.0


def test_false_alarms_that_do_not_stay_are_never_told():
    """Three noise spots a frame, anywhere in a 50 x 40 m footprint, 10 s at 10 Hz, of low score."""
    rng = np.random.default_rng(1)
    frames = [
        (k * 0.1, [((rng.uniform(-25, 25), rng.uniform(-20, 20)), 0.15, True) for _ in range(3)]) for k in range(100)
    ]
    assert play(frames)[1] == []


def test_two_people_four_metres_apart_are_two_tracks():
    rng = np.random.default_rng(2)
    frames = [
        (k * 0.1, [(rng.normal((0, 0), 0.15), 0.6, True), (rng.normal((4, 0), 0.15), 0.7, True)]) for k in range(20)
    ]
    tracks, told = play(frames)
    assert len({t.track for _, t in told}) == len(tracks.all) == 2


def test_a_standing_thing_keeps_one_track_over_minutes_and_gaps():
    rng = np.random.default_rng(3)
    times = [s + k * 0.1 for s in (0, 60, 200, 420) for k in range(20)]
    tracks, told = play([(t, [(rng.normal(0, 0.2, 2), 0.6, True)]) for t in times])
    assert len(tracks.all) == 1
    assert {t.track for _, t in told} == {"t-0"}
    assert len(told) <= 5


def test_what_is_too_large_at_times_is_nobody():
    frames = [(k * 0.1, [((0, 0), 0.8, k % 2 == 0)]) for k in range(40)]
    assert play(frames)[1] == []


@pytest.mark.parametrize(("score", "level", "told"), [(0.6, 90.0, True), (0.6, 80.0, False), (0.4, 90.0, False)])
def test_only_warm_enough_and_clear_enough_things_are_told(score, level, told):
    tracks, count, new_track = Tracks(), 0, names()
    for k in range(30):
        seen = (Seen(view(k * 0.1, (0, 0)), score, True, None, level),)
        tracks, news = step(tracks, seen, k * 0.1, TrackRule(level=85.0), new_track)
        count += len(news)
    assert (count > 0) is told


def test_a_walker_is_one_track():
    frames = [(k * 0.1, [((0.12 * k, 0.0), 0.6, True)]) for k in range(60)]
    tracks, told = play(frames)
    assert len(tracks.all) == 1
    assert tracks.all[0].estimate.mean[0] == pytest.approx(0.12 * 59, abs=1.0)
    assert {t.track for _, t in told} == {"t-0"}


def test_told_again_only_after_a_while_and_when_it_moved():
    frames = [(k * 0.1, [((0.15 * k, 0.0), 0.6, True)]) for k in range(300)]
    times = [at for at, _ in play(frames)[1]]
    assert len(times) > 1
    assert min(b - a for a, b in itertools.pairwise(times)) >= TrackRule().again_s


def test_memory_is_bounded():
    rng = np.random.default_rng(4)
    frames = [
        (k * 0.1, [((rng.uniform(-1e4, 1e4), rng.uniform(-1e4, 1e4)), 0.6, True) for _ in range(30)]) for k in range(20)
    ]
    assert len(play(frames, TrackRule(max_tracks=50))[0].all) == 50
