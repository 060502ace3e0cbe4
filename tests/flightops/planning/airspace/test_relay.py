"""Relays: no second unwatched, two there at each change, no drone asked for what it cannot do."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Malformed, Refused
from flightops.planning.airspace.relay import Stay, Watch, Watcher, relay

FOUR = tuple(Watcher(f"d{k}", 1500.0, 200.0, 300.0) for k in range(4))


def kept(stays: tuple[Stay, ...], watchers: dict[str, Watcher], watch: Watch) -> None:
    """Every promise of a timetable, from its numbers alone."""
    seconds = np.arange(watch.from_s, watch.to_s, 0.5)
    there = sum((s.on_station_s <= seconds) & (seconds <= s.off_station_s) for s in stays)
    assert (np.asarray(there) >= 1).all()
    for a, b in pairwise(stays):
        assert a.off_station_s - b.on_station_s == pytest.approx(watch.overlap_s, abs=1e-6)
        assert a.layer != b.layer
    for a, c in zip(stays, stays[2:], strict=False):
        assert a.off_station_s <= c.on_station_s + 1e-6
    free: dict[str, float] = {}
    for s in stays:
        w = watchers[s.drone]
        assert s.on_station_s - s.leave_home_s == pytest.approx(w.transit_s)
        assert s.home_s - s.off_station_s == pytest.approx(w.transit_s)
        assert s.home_s - s.leave_home_s <= w.endurance_s + 1e-6
        assert s.leave_home_s >= free.get(s.drone, -math.inf) - 1e-6
        free[s.drone] = s.home_s + w.turnaround_s


fleets = st.lists(st.tuples(st.floats(600, 3000), st.floats(0, 400), st.floats(0, 1500)), min_size=1, max_size=6).map(
    lambda rows: {f"d{k}": Watcher(f"d{k}", *row) for k, row in enumerate(rows)}
)


@settings(max_examples=100, deadline=None)
@given(fleets, st.floats(60, 30_000), st.floats(0, 120))
def test_no_second_is_unwatched(fleet: dict[str, Watcher], watch_s: float, overlap: float) -> None:
    watch = Watch(1000.0, 1000.0 + watch_s, overlap)
    stays = relay(tuple(fleet.values()), watch)
    if not isinstance(stays, Refused):
        kept(stays, fleet, watch)


@settings(max_examples=50, deadline=None)
@given(st.floats(900, 3000), st.floats(0, 300), st.floats(0, 2000), st.floats(60, 30_000))
def test_the_number_that_a_refusal_names_is_enough_and_least(e: float, t: float, ground: float, watch_s: float) -> None:
    watch = Watch(0.0, watch_s)
    drones = [Watcher(f"d{k}", e, t, ground) for k in range(40)]
    refused = relay(drones[:1], watch)
    needed = int(str(refused).split("it takes ")[1].split()[0]) if isinstance(refused, Refused) else 1
    stays = relay(drones[:needed], watch)
    assert not isinstance(stays, Refused)
    kept(stays, {d.drone: d for d in drones}, watch)
    assert needed == 1 or isinstance(relay(drones[: needed - 1], watch), Refused)


def test_a_timetable_by_hand() -> None:
    stays = relay(FOUR[:2], Watch(500.0, 2500.0, 100.0))
    assert stays == (
        Stay("d0", 300.0, 500.0, 1600.0, 1800.0, 0),
        Stay("d1", 1300.0, 1500.0, 2500.0, 2700.0, 1),
    )


def test_refusals_say_how_many() -> None:
    refused = relay(FOUR[:1], Watch(0.0, 86_400.0))
    assert isinstance(refused, Refused)
    assert (
        str(refused) == "watchers: 1 drones leave the point unwatched; it takes 2 like d0 (add 1, or shorten the watch)"
    )
    far = relay((Watcher("d9", 400.0, 190.0),), Watch(0.0, 60.0))
    assert isinstance(far, Refused)
    assert "d9 could stay 20 s" in str(far)


def test_what_is_no_watch_is_malformed() -> None:
    with pytest.raises(Malformed, match="not after"):
        Watch(5.0, 5.0)
    with pytest.raises(Malformed):
        Watch(0.0, math.nan)
    with pytest.raises(Malformed):
        Watcher("d1", 0.0, 10.0)
    with pytest.raises(Malformed, match="watchers"):
        relay((FOUR[0], FOUR[0]), Watch(0.0, 10.0))
    with pytest.raises(Malformed, match="turns"):
        relay(FOUR, Watch(0.0, 1e9))
