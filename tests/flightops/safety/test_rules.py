"""Safety rules: each row, unknown and stale input, escalation, and the fence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.drone import Aged, Battery, DroneState, Gnss
from core.events import Order
from core.geo import Area
from core.units import UtcSeconds
from flightops.missions.items import transit_line
from flightops.safety.fence import MARGIN_M, fence_for
from flightops.safety.preflight import unfit
from flightops.safety.rules import NOTHING, RULES, Context, judge, verdict
from tests.flightops.missions.flying import AREA, CENTRE, at, in_mission, plan_for, state

NOW = UtcSeconds(1000.0)
SECTOR = plan_for("s1", ("d1",)).sectors[0]
FENCE = fence_for(AREA, transit_line(CENTRE, SECTOR))
CONTEXT = Context(FENCE, CENTRE, 12.0, 1200.0)
HEALTHY = in_mission("d1", NOW, 5, where=at(200, 200))


def test_a_healthy_drone_breaks_nothing() -> None:
    assert judge(HEALTHY, CONTEXT, NOW) is None
    assert verdict(HEALTHY, CONTEXT, NOTHING, NOW).order is None


def test_rule_names_are_unique() -> None:
    assert len({r.name for r in RULES}) == len(RULES)


@pytest.mark.parametrize("name", ["place", "battery", "gnss"])
def test_unknown_and_stale_inputs_are_breaches(name: str) -> None:
    known = getattr(HEALTHY, name)
    for changed in (None, Aged(known.value, UtcSeconds(NOW - 10.5))):
        found = verdict(replace(HEALTHY, **{name: changed}), CONTEXT, NOTHING, NOW)
        assert found.order is not None
        assert "d1" in found.words


@given(
    st.sampled_from(["place", "battery", "gnss", "heard_at"]),
    st.floats(10.001, 1e6),
    st.floats(0.0, 1.0),
    st.integers(0, 6),
)
def test_any_stale_field_is_an_order(name: str, age_s: float, left: float, fix: int) -> None:
    drone = replace(HEALTHY, battery=Aged(Battery(left), NOW), gnss=Aged(Gnss(fix, 9), NOW))
    then = UtcSeconds(NOW - age_s)
    value = then if name == "heard_at" else Aged(getattr(drone, name).value, then)
    assert verdict(replace(drone, **{name: value}), CONTEXT, NOTHING, NOW).order in (Order.HOLD, Order.RETURN)


@given(st.floats(0.0, 1.0), st.floats(0.0, 5000.0))
def test_battery_is_judged_by_the_way_home(left: float, away_m: float) -> None:
    drone = replace(in_mission("d1", NOW, 5, where=at(0, away_m)), battery=Aged(Battery(left), NOW))
    breach = RULES[0].judge(drone, CONTEXT, NOW)
    needed = min(1.0, away_m / 12.0 * 1.3 / 1200.0 + 0.15)
    if abs(left - needed) > 1e-3:
        assert (breach is not None) == (left < needed)
    if breach is not None:
        assert verdict(drone, CONTEXT, NOTHING, NOW).order is Order.RETURN


def test_words_can_be_read_aloud() -> None:
    weak = replace(HEALTHY, battery=Aged(Battery(0.14), NOW))
    breach = judge(weak, CONTEXT, NOW)
    assert breach is not None
    assert breach.words == "d1 has 14% battery left and needs 18% to come home"
    away = judge(in_mission("d1", NOW, 5, where=at(600, 200)), CONTEXT, NOW)
    assert away is not None
    assert away.words == "d1 is 170 metres outside its area"


@pytest.mark.parametrize("rule", [r for r in RULES if r.first is Order.HOLD], ids=lambda r: r.name)
def test_a_breach_that_lasts_turns_hold_into_return(rule: object) -> None:
    broken: dict[str, DroneState] = {
        "link": HEALTHY,
        "fence": replace(HEALTHY, place=replace(HEALTHY.place, value=state("d1", NOW, where=at(900, 900)).place.value)),  # type: ignore[union-attr, type-var]
        "gnss": replace(HEALTHY, gnss=Aged(Gnss(1, 2), NOW)),
    }
    drone, standing, orders = broken[rule.name], NOTHING, []  # type: ignore[attr-defined]
    for i in range(80):
        now = UtcSeconds(NOW + i * 0.2)
        fresh = (
            refreshed(drone, now)
            if rule.name != "link"
            else replace(refreshed(drone, now), heard_at=UtcSeconds(NOW - 4))
        )
        found = verdict(fresh, CONTEXT, standing, now)
        standing = found.standing
        orders.append(found.order)
    turn = round(rule.patience_s / 0.2)  # type: ignore[attr-defined]
    assert orders[0] is Order.HOLD
    assert orders[turn - 2] is Order.HOLD
    assert orders[turn + 1] is orders[-1] is Order.RETURN


def refreshed(drone: DroneState, now: UtcSeconds) -> DroneState:
    names = ("place", "battery", "gnss", "mode")
    return replace(drone, heard_at=now, **{n: Aged(getattr(drone, n).value, now) for n in names})


def test_a_breach_that_ends_is_forgotten() -> None:
    lost = replace(HEALTHY, gnss=Aged(Gnss(1, 2), NOW))
    standing = verdict(lost, CONTEXT, NOTHING, NOW).standing
    assert standing == {"gnss": NOW}
    assert verdict(HEALTHY, CONTEXT, standing, NOW).standing == {}


@given(st.floats(-1000, 1000), st.floats(-1000, 1000))
def test_fence_lets_in_the_area_and_the_way_there(x: float, y: float) -> None:
    outside = FENCE.outside_m(at(x, y))
    if 100 <= x <= 400 and 100 <= y <= 400:
        assert outside == 0
    gap = max(100 - x, x - 400, 100 - y, y - 400)
    # the corridor lies inside the square's hull with home
    if gap > MARGIN_M + 1 and not (-MARGIN_M - 1 <= x <= 400 and -MARGIN_M - 1 <= y <= 400):
        assert outside > 0


def test_fence_cuts_no_fly_zones_and_keeps_corners_of_the_way() -> None:
    hole = (at(200, 200), at(350, 200), at(350, 350), at(200, 350))
    fence = fence_for(Area(AREA.outer, (hole,)), transit_line(CENTRE, SECTOR))
    assert fence.outside_m(at(275, 275)) > 40
    assert all(fence.outside_m(p) == 0 for p in transit_line(CENTRE, SECTOR))


@pytest.mark.parametrize("wide_m", [6.0, 20.0, 50.0, 150.0])
def test_a_small_no_fly_zone_is_one_too_even_where_a_way_runs_along_it(wide_m: float) -> None:
    hole = (at(200, 200), at(200 + wide_m, 200), at(200 + wide_m, 350), at(200, 350))
    along = (at(195, 150), at(195, 380))
    fence = fence_for(Area(AREA.outer, (hole,)), along)
    assert fence.outside_m(at(200 + wide_m / 2.0, 275)) > 0
    assert fence.outside_m(at(201, 275)) == 0, "a metre over the edge is GNSS"
    assert all(fence.outside_m(p) == 0 for p in along)


def test_no_fence_is_a_breach() -> None:
    breach = judge(HEALTHY, replace(CONTEXT, fence=None), NOW)
    assert breach is not None
    assert breach.rule == "fence"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"heard_at": UtcSeconds(NOW - 3.5)}, "is not heard"),
        ({"place": None}, "does not tell where it is"),
        ({"gnss": Aged(Gnss(2, 5), NOW)}, "no 3-D GNSS fix"),
        ({"gnss": None}, "no 3-D GNSS fix"),
        ({"battery": None}, "does not tell its battery"),
        ({"battery": Aged(Battery(0.29), NOW)}, "29% battery left"),
    ],
)
def test_preflight_says_why_not(changes: dict[str, object], words: str) -> None:
    healthy = state("d1", NOW)
    assert unfit(healthy, healthy.drone, NOW) is None
    reason = unfit(replace(healthy, **changes), healthy.drone, NOW)  # type: ignore[arg-type]
    assert reason is not None
    assert words in reason.problem
    assert reason.fix
    assert unfit(None, healthy.drone, NOW) is not None
