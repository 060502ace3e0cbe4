"""Re-planning in flight: nothing left out, nothing flown twice, everybody done together and home in time."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon

from core.errors import Malformed
from core.geo import Floats
from flightops.planning.paths.timing import Pace, flight_s, length_m
from flightops.planning.paths.verify import footprint
from flightops.planning.replan.fleet import Flyer, Replan, State
from flightops.planning.replan.level import filled
from flightops.planning.replan.lots import Axis, remaining
from flightops.planning.replan.replan import replanned
from flightops.planning.replan.ways import Ways

PACE = Pace()
SWATH_M = 20.0
NONE = np.zeros((0, 2))
HOME = np.array([-40.0, -40.0])
WIDE, HIGH = 1200.0, 600.0
HOLES = [shapely.box(150, 200, 260, 330), shapely.box(520, 100, 640, 220), shapely.box(700, 380, 1010, 420)]
AREA = Polygon(shapely.box(0, 0, WIDE, HIGH).exterior, [h.exterior for h in HOLES])
WAYS = Ways.of(AREA, PACE)


def lanes(low: float, high: float, open_field: bool = False) -> Floats:
    """An S-pattern of lines along x between two heights, round the upper edges of holes."""
    points: list[tuple[float, float]] = []
    rows = np.arange(low + SWATH_M / 2, high, SWATH_M)
    for k, y in enumerate(rows):
        row = [(0.5, float(y))]
        for hole in () if open_field else HOLES:
            left, bottom, right, top = hole.bounds
            if bottom < y < top:
                row += [(left - 0.5, y), (left - 0.5, top + 0.5), (right + 0.5, top + 0.5), (right + 0.5, y)]
        row.append((WIDE - 0.5, float(y)))
        points += row if k % 2 == 0 else row[::-1]
    return np.array(points)


def bands(n: int, open_field: bool = False) -> list[Floats]:
    edges = np.round(np.linspace(0, HIGH, n + 1) / SWATH_M) * SWATH_M
    return [lanes(a, b, open_field) for a, b in pairwise(edges)]


def flying(paths: list[Floats], shares: list[float]) -> list[Flyer]:
    return [
        Flyer(p, s * length_m(p), State.FLYING, PACE, home=HOME + np.array([0.0, -10.0 * k]))
        for k, (p, s) in enumerate(zip(paths, shares, strict=True))
    ]


def certain_m(f: Flyer) -> float:
    return max(f.flown_m - (SWATH_M if f.state == State.LOST else 0.0), 0.0)


def flown(flyers: tuple[Flyer, ...]) -> list[Floats]:
    return [
        remaining(f.path[::-1], max(length_m(f.path) - certain_m(f), 0.0))
        for f in flyers
        if len(f.path) and certain_m(f) > 0.1
    ]


def promises_kept(flyers: tuple[Flyer, ...], made: Replan, area: Polygon = AREA) -> None:
    spans = [(p.owner, *sorted((p.start_m, p.end_m))) for d in made.duties for p in d.pieces]
    spans += [(u.owner, u.start_m, u.end_m) for u in made.undone]
    for k, f in enumerate(flyers):
        mine = sorted((a, b) for owner, a, b in spans if owner == k)
        ends = [certain_m(f), *(e for pair in mine for e in pair), length_m(f.path)]
        assert ends == pytest.approx(sorted(ends), abs=1e-6), "a stretch is given twice"
        assert all(b - a < 0.1 for a, b in zip(ends[::2], ends[1::2], strict=True)), "a stretch is left out"
    for duty in made.duties:
        f = flyers[duty.drone]
        assert f.stays or not duty.pieces
        assert f.state != State.LOST
        assert not duty.pieces or duty.total_s <= f.left_s
        track = duty.track
        assert duty.finish_s == pytest.approx(flight_s(track, f.pace) if len(track) > 1 else 0.0)
        assert np.allclose(track[0], f.place)
        home_way = [track[-1:], duty.home_bends, *([f.home[None]] if f.home is not None else [])]
        whole = shapely.linestrings(np.concatenate([track, *home_way[1:]]))
        assert all(whole.intersection(Polygon(h).buffer(-0.005)).length == 0.0 for h in area.interiors)
        if f.state == State.FLYING and len(track) > 1:
            assert shapely.linestrings(track).difference(area.buffer(0.005)).length == 0.0
        for piece in duty.pieces:
            assert piece.length_m == pytest.approx(length_m(piece.path))


def lost_share(flyers: tuple[Flyer, ...], made: Replan) -> float:
    """Of what the paths cover, what is neither flown nor to be flown."""
    plan = footprint(tuple(f.path for f in flyers if len(f.path)), SWATH_M)
    kept = [*flown(flyers), *(p.path for d in made.duties for p in d.pieces)]
    if not kept:
        return 1.0
    return float(plan.difference(footprint(tuple(kept), SWATH_M)).area / plan.area)


STATES = st.sampled_from([State.FLYING, State.FLYING, State.LOST, State.LOW, State.WAITING])


@st.composite
def fleets(draw: st.DrawFn, endless: bool = False) -> tuple[Flyer, ...]:
    n = draw(st.integers(2, 6))
    at = draw(st.floats(0.0, 1.0))
    out = []
    for k, path in enumerate(bands(n)):
        state = draw(STATES)
        share = 0.0 if state == State.WAITING else min(max(at + draw(st.floats(-0.1, 0.1)), 0.0), 1.0)
        pace = replace(PACE, speed_mps=draw(st.sampled_from([12.0, 12.0, 9.0, 15.0])))
        left = math.inf if endless else draw(st.sampled_from([math.inf, 200.0, 600.0, 1500.0]))
        out.append(Flyer(path, share * length_m(path), state, pace, left, HOME - 10.0 * k))
    if draw(st.booleans()):
        out.append(Flyer(NONE, 0.0, State.WAITING, PACE, math.inf if endless else 900.0, HOME))
    return tuple(out)


@settings(max_examples=25, deadline=None)
@given(fleets())
def test_every_promise_is_kept(flyers: tuple[Flyer, ...]) -> None:
    made = replanned(flyers, SWATH_M, WAYS)
    promises_kept(flyers, made)
    assert all(str(u.reason) for u in made.undone)


@settings(max_examples=10, deadline=None)
@given(fleets(endless=True))
def test_no_ground_is_lost_while_batteries_last(flyers: tuple[Flyer, ...]) -> None:
    made = replanned(flyers, SWATH_M, WAYS)
    if any(f.stays for f in flyers):
        assert not made.undone
        assert lost_share(flyers, made) <= 1e-4


@settings(max_examples=5, deadline=None)
@given(fleets())
def test_the_same_again(flyers: tuple[Flyer, ...]) -> None:
    one, two = (replanned(flyers, SWATH_M, ways) for ways in (WAYS, Ways.of(AREA, PACE)))
    assert [(d.drone, d.finish_s, d.total_s) for d in one.duties] == [
        (d.drone, d.finish_s, d.total_s) for d in two.duties
    ]
    assert all(np.array_equal(a.track, b.track) for a, b in zip(one.duties, two.duties, strict=True))


def test_the_lost_ones_work_begins_a_swath_before_its_loss() -> None:
    fleet = flying(bands(3), [0.4, 0.5, 0.6])
    fleet[1] = replace(fleet[1], state=State.LOST)
    made = replanned(tuple(fleet), SWATH_M, WAYS)
    start = min(min(p.start_m, p.end_m) for d in made.duties for p in d.pieces if p.owner == 1)
    assert start == pytest.approx(fleet[1].flown_m - SWATH_M)
    promises_kept(tuple(fleet), made)


def test_low_drones_hand_over_and_go_home() -> None:
    fleet = flying(bands(3), [0.4, 0.5, 0.6])
    fleet[1] = replace(fleet[1], state=State.LOW, left_s=10.0)
    made = replanned(tuple(fleet), SWATH_M, WAYS)
    low = next(d for d in made.duties if d.drone == 1)
    assert not low.pieces
    assert [w.field for w in made.warnings] == ["flyers[1].left_s"]
    start = min(min(p.start_m, p.end_m) for d in made.duties for p in d.pieces if p.owner == 1)
    assert start == pytest.approx(fleet[1].flown_m)


@pytest.mark.parametrize("n", [3, 4, 6])
def test_those_who_share_finish_together(n: int) -> None:
    fleet = flying(bands(n), [0.2] * n)
    fleet[1] = replace(fleet[1], state=State.LOST)
    made = replanned(tuple(fleet), SWATH_M, WAYS)
    shared = [d.finish_s for d in made.duties if any(p.owner != d.drone for p in d.pieces)]
    alone = [d.finish_s for d in made.duties if all(p.owner == d.drone for p in d.pieces)]
    line_s = WIDE / PACE.speed_mps
    assert len(shared) > 1
    assert max(shared) - min(shared) < 20.0
    assert max(alone, default=0.0) <= max(shared)
    busy = sum(flight_s(remaining(f.path, f.flown_m), PACE) for f in fleet)
    assert made.makespan_s < busy / (n - 1) + line_s


def test_who_has_more_left_gets_less() -> None:
    fleet = flying(bands(3), [0.3, 0.2, 0.6])
    fleet[1] = replace(fleet[1], state=State.LOST)
    made = replanned(tuple(fleet), SWATH_M, WAYS)
    taken = {d.drone: sum(p.length_m for p in d.pieces if p.owner == 1) for d in made.duties}
    assert taken[0] < taken[2]


def test_a_faster_drone_gets_more() -> None:
    fleet = flying(bands(3), [0.3, 0.1, 0.3])
    fleet[1] = replace(fleet[1], state=State.LOST)
    fleet[2] = replace(fleet[2], pace=Pace(speed_mps=18.0))
    made = replanned(tuple(fleet), SWATH_M, WAYS)
    taken = {d.drone: sum(p.length_m for p in d.pieces if p.owner == 1) for d in made.duties}
    assert taken[2] > 1.3 * taken[0]
    times = [d.finish_s for d in made.duties]
    assert max(times) - min(times) < 10.0


def test_nothing_changes_while_all_fly_on() -> None:
    fleet = tuple(flying(bands(4), [0.5, 0.5, 0.5, 0.5]))
    made = replanned(fleet, SWATH_M, WAYS)
    assert [[p.owner for p in d.pieces] for d in made.duties] == [[0], [1], [2], [3]]
    assert all(d.pieces[0].start_m < d.pieces[0].end_m for d in made.duties)


def test_a_drone_added_gets_a_share_of_the_work() -> None:
    fleet = (*flying(bands(2), [0.0, 0.0]), Flyer(NONE, 0.0, State.WAITING, PACE, home=HOME))
    before = replanned(fleet[:2], SWATH_M, WAYS).makespan_s
    made = replanned(fleet, SWATH_M, WAYS)
    added = made.duties[2]
    assert {p.owner for p in added.pieces} == {0, 1}
    assert made.makespan_s < 0.8 * before
    promises_kept(fleet, made)


def test_short_shares_are_not_made() -> None:
    """Less than two lines are left: one drone flies them."""
    fleet = flying(bands(6, open_field=True), [0.8, 0.75, 0.8, 0.8, 0.8, 0.8])
    fleet[1] = replace(fleet[1], state=State.LOST)
    open_ways = Ways.of(Polygon(AREA.exterior), PACE)
    made = replanned(tuple(fleet), SWATH_M, open_ways)
    assert sum(1 for d in made.duties if any(p.owner == 1 for p in d.pieces)) == 1


def test_what_batteries_do_not_allow_is_left_undone_with_a_reason() -> None:
    fleet = [replace(f, left_s=400.0) for f in flying(bands(3), [0.2, 0.2, 0.2])]
    fleet[1] = replace(fleet[1], state=State.LOST)
    made = replanned(tuple(fleet), SWATH_M, WAYS)
    assert {u.reason.field for u in made.undone} == {"left_s"}
    assert all(d.total_s <= 400.0 for d in made.duties)
    assert all(d.total_s > 330.0 for d in made.duties), "they fly while they can"
    promises_kept(tuple(fleet), made)


def test_a_drone_that_cannot_end_its_path_hands_the_rest_over() -> None:
    fleet = flying(bands(2), [0.2, 0.5])
    fleet[0] = replace(fleet[0], left_s=500.0)
    made = replanned(tuple(fleet), SWATH_M, WAYS)
    assert not made.undone
    assert any(p.owner == 0 for p in made.duties[1].pieces)
    promises_kept(tuple(fleet), made)


def test_with_nobody_left_all_is_undone() -> None:
    fleet = tuple(replace(f, state=State.LOST) for f in flying(bands(2), [0.5, 0.5]))
    made = replanned(fleet, SWATH_M, WAYS)
    assert made.duties == ()
    assert {(u.owner, u.reason.field) for u in made.undone} == {(0, "flyers"), (1, "flyers")}
    assert made.makespan_s == 0.0


def test_the_end_of_the_search_is_no_error() -> None:
    fleet = tuple(flying(bands(3), [1.0, 1.0, 1.0]))
    made = replanned(fleet, SWATH_M, WAYS)
    assert all(not d.pieces for d in made.duties)
    assert not made.undone


@settings(max_examples=30)
@given(st.floats(0, 900), st.floats(0, 100))
def test_remaining_is_the_rest_of_the_path(flown_m: float, back_m: float) -> None:
    path = np.array([[0.0, 0.0], [300.0, 0.0], [300.0, 40.0], [0.0, 40.0]])
    left = remaining(path, flown_m, back_m)
    start = max(min(flown_m, 640.0) - back_m, 0.0)
    assert length_m(left) == pytest.approx(640.0 - start, abs=0.05)
    assert len(left) == 0 or np.allclose(left[-1], path[-1])


@given(
    st.lists(st.tuples(st.floats(0, 1000), st.floats(0.5, 2.0), st.floats(0, 2000)), min_size=1, max_size=8),
    st.floats(0, 3000),
)
def test_water_finds_its_level(drones: list[tuple[float, float, float]], total: float) -> None:
    rest, rate, cap = np.array(drones).T
    sizes = filled(rest, rate, cap, total)
    room = np.maximum(cap - rest, 0.0) / rate
    assert sizes.sum() == pytest.approx(min(total, room.sum()), abs=1e-6)
    assert (sizes <= room + 1e-9).all()
    got, free = sizes > 1e-6, sizes < room - 1e-6
    if (got & free).any():
        level = float((rest + rate * sizes)[got & free].max())
        assert np.allclose((rest + rate * sizes)[got & free], level, atol=1e-5)
        assert (rest[~got & free] >= level - 1e-5).all()


@given(st.floats(0, 1), st.floats(0, 1))
def test_stretches_of_a_path_go_both_ways(a: float, b: float) -> None:
    axis = Axis.of(bands(3)[1], PACE)
    total = float(axis.at_m[-1])
    there, back = axis.stretch(a * total, b * total), axis.stretch(b * total, a * total)
    assert np.allclose(there, back[::-1])
    assert length_m(there) == pytest.approx(abs(a - b) * total, abs=1e-6)
    assert axis.metres(axis.seconds(a * total)) == pytest.approx(a * total, abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.tuples(st.floats(1, 1199), st.floats(1, 599)), st.tuples(st.floats(1, 1199), st.floats(1, 599)))
def test_ways_keep_off_the_holes(a: tuple[float, float], b: tuple[float, float]) -> None:
    start, end = np.array(a), np.array(b)
    if not all(AREA.contains(shapely.Point(p)) for p in (start, end)):
        return
    way = WAYS.between.way(WAYS.between.spot(start), WAYS.between.spot(end))
    line = shapely.linestrings(np.concatenate([start[None], way.bends, end[None]]))
    assert AREA.buffer(0.001).covers(line)
    assert way.seconds >= float(PACE.run_s(np.hypot(*(end - start)))) - 1e-6


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"flown_m": math.nan}, "flown_m"),
        ({"flown_m": -1.0}, "flown_m"),
        ({"flown_m": 1e7}, "flown_m"),
        ({"left_s": math.nan}, "left_s"),
        ({"path": np.zeros((1, 2))}, "path"),
        ({"path": np.full((4, 2), math.nan)}, "path"),
        ({"home": np.array([math.inf, 0.0])}, "home"),
        ({"path": NONE, "flown_m": 0.0, "home": None}, "at"),
    ],
)
def test_bad_progress_is_refused_by_name(changes: dict[str, object], field: str) -> None:
    with pytest.raises(Malformed) as refused:
        replace(flying(bands(2), [0.5, 0.5])[0], **changes)  # type: ignore[arg-type]
    assert refused.value.field == field


def test_a_home_on_a_no_fly_zone_and_a_fleet_of_none_are_refused() -> None:
    fleet = flying(bands(2), [0.5, 0.5])
    fleet[1] = replace(fleet[1], home=np.array([705.0, 400.0]))
    with pytest.raises(Malformed) as refused:
        replanned(tuple(fleet), SWATH_M, WAYS)
    assert refused.value.field == "flyers[1].home"
    with pytest.raises(Malformed, match="flyers"):
        replanned((), SWATH_M, WAYS)
    with pytest.raises(Malformed, match="swath_m"):
        replanned(tuple(fleet[:1]), math.nan, WAYS)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_battery() -> None:
    """1,000 random fleets over the area with holes."""

    @settings(max_examples=1000, deadline=None, derandomize=True)
    @given(fleets())
    def kept(flyers: tuple[Flyer, ...]) -> None:
        made = replanned(flyers, SWATH_M, WAYS)
        promises_kept(flyers, made)
        undone = sum(u.end_m - u.start_m for u in made.undone)
        plan_m2 = sum(length_m(f.path) for f in flyers) * SWATH_M
        assert lost_share(flyers, made) <= 1e-3 + 1.3 * undone * SWATH_M / plan_m2

    kept()
