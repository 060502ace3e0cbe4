"""The hot-spot detector on frames whose truth is known."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.detect.hot_spot import HotSpot
from vision.track.tracker import TrackRule

GSD_60_M = 1.0 / 12.9


def ground(seed=0, sigma=3.0, shape=(512, 640)):
    return np.random.default_rng(seed).normal(70, sigma, shape)


def as_gray(frame):
    return np.clip(frame, 0, 255).astype(np.uint8)


def people(found):
    return [d for d in found if d.label == "Person"]


def middle(d):
    return d.box.x_px + (d.box.width_px - 1) / 2, d.box.y_px + (d.box.height_px - 1) / 2


@given(st.integers(30, 600), st.integers(30, 480), st.integers(3, 5), st.integers(3, 11), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_a_person_is_found_where_it_is(x, y, a, b, seed):
    frame = ground(seed)
    cv2.ellipse(frame, (x, y), (a, b), 0, 0, 360, 140, -1)
    best = people(HotSpot().find(as_gray(frame), GSD_60_M))[0]
    assert middle(best) == pytest.approx((x, y), abs=1.5)
    assert best.box.width_px == pytest.approx(2 * a + 1, abs=6)
    assert best.box.height_px == pytest.approx(2 * b + 1, abs=6)
    assert best.score > 0.5


@given(st.integers(0, 500), st.floats(0.5, 6.0))
@settings(max_examples=20, deadline=None)
def test_noise_alone_gives_nobody(seed, sigma):
    assert HotSpot().find(as_gray(ground(seed, sigma)), GSD_60_M) == ()


@given(st.integers(0, 500), st.floats(6.0, 12.0))
@settings(max_examples=6, deadline=None)
def test_heavy_noise_gives_nobody_that_a_track_would_be_told_of(seed, sigma):
    """From about 8 levels on, single spots pass the gates of one frame; their score stays far below TrackRule.score."""
    assert all(d.score < 0.4 < TrackRule().score for d in HotSpot().find(as_gray(ground(seed, sigma)), GSD_60_M))


@pytest.mark.parametrize("level", [0, 90, 255])
def test_a_flat_frame_gives_nobody(level):
    assert HotSpot().find(np.full((512, 640), level, np.uint8)) == ()


def test_a_car_is_no_person_when_the_scale_is_known():
    frame = ground()
    cv2.rectangle(frame, (300, 200), (300 + int(4.5 / GSD_60_M), 200 + int(1.8 / GSD_60_M)), 160, -1)
    found = HotSpot().find(as_gray(frame), GSD_60_M)
    assert people(found) == []
    assert [d.label for d in found] == ["Other"]


def test_a_warm_bonnet_is_as_long_as_a_person_but_wider():
    frame = ground()
    cv2.rectangle(frame, (300, 200), (300 + int(1.9 / GSD_60_M), 200 + int(1.5 / GSD_60_M)), 160, -1)
    assert people(HotSpot().find(as_gray(frame), GSD_60_M)) == []


def test_the_level_is_that_of_the_warmest_pixel_above_the_ground():
    frame = ground()
    cv2.ellipse(frame, (320, 256), (5, 8), 0, 0, 360, 150, -1)
    assert people(HotSpot().find(as_gray(frame), GSD_60_M))[0].level == pytest.approx(80, abs=3)


def test_a_sun_warmed_sheet_is_no_person():
    frame = ground()
    frame[100:400, 150:500] += 60
    assert people(HotSpot().find(as_gray(frame), GSD_60_M)) == []


def test_a_few_bright_pixels_through_a_gap_are_found():
    frame = ground()
    frame[250:253, 310:313] += 80
    assert middle(people(HotSpot().find(as_gray(frame), GSD_60_M))[0]) == pytest.approx((311, 251), abs=1.0)


def test_the_same_thing_is_a_person_high_up_and_none_close_by():
    frame = ground()
    cv2.ellipse(frame, (320, 256), (5, 5), 0, 0, 360, 150, -1)
    assert people(HotSpot().find(as_gray(frame), 0.08))
    assert not people(HotSpot().find(as_gray(frame), 0.2))


def test_score_grows_with_contrast():
    scores = []
    for level in (95, 110, 130, 160, 200):
        frame = ground()
        cv2.ellipse(frame, (320, 256), (5, 8), 0, 0, 360, level, -1)
        scores.append(people(HotSpot().find(as_gray(frame), GSD_60_M))[0].score)
    assert scores == sorted(scores)
    assert scores[0] < scores[-1]


@pytest.mark.parametrize("frame", [np.zeros((512, 640)), np.zeros((8, 8), np.uint8), np.zeros((64, 64, 3), np.uint8)])
def test_what_is_no_frame_is_refused(frame):
    with pytest.raises(ValueError, match="uint8"):
        HotSpot().find(frame)
