"""The aircraft keeps its limits, pays for wind, and stands on the ground."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.io.runtime import seeded_rng
from sitl.vehicle import energy
from sitl.vehicle.energy import Charge
from sitl.vehicle.flight import OFF, Around, Body, Demand, airspeed_mps, step
from sitl.vehicle.sensors import Wander, gusting
from sitl.vehicle.spec import Airframe, Pack, Wind

FRAME = Airframe()
DT = 0.04
FEW = settings(max_examples=40, deadline=None)
speeds = st.floats(-40, 40)
AIRBORNE = Body(0, 0, 200.0, grounded=False)
CALM = Around(0.0, 0.0, 0.0)


@FEW
@given(st.lists(st.tuples(speeds, speeds, st.floats(-10, 10), st.floats(-720, 720)), min_size=1, max_size=40))
def test_limits_hold_whatever_is_asked(asked: list[tuple[float, float, float, float]]) -> None:
    body = AIRBORNE
    for east, north, up, heading in asked:
        after = step(body, Demand(east, north, up, heading), CALM, FRAME, DT)
        change = math.hypot(after.east_mps - body.east_mps, after.north_mps - body.north_mps)
        assert change <= FRAME.accel_mps2 * DT + 1e-9
        assert airspeed_mps(after, CALM) <= FRAME.airspeed_max_mps + 1e-9
        assert -FRAME.descent_mps - 1e-9 <= after.up_mps <= FRAME.climb_mps + 1e-9
        turn = abs((after.heading_deg - body.heading_deg + 180) % 360 - 180)
        assert turn <= FRAME.yaw_rate_dps * DT + 1e-6
        assert max(abs(after.pitch_deg), abs(after.roll_deg)) < 60
        body = after


def _settled(demand: Demand, around: Around) -> Body:
    body = AIRBORNE
    for _ in range(200):
        body = step(body, demand, around, FRAME, 0.1)
    return body


@FEW
@given(st.floats(0, 12), st.floats(0, 2 * math.pi))
def test_track_is_held_in_wind_and_a_head_wind_costs_ground_speed(wind: float, towards: float) -> None:
    around = Around(wind * math.sin(towards), wind * math.cos(towards), 0.0)
    body = _settled(Demand(12.0, 0.0, 0.0, 90.0), around)
    assert abs(body.north_mps) < 0.01
    assert airspeed_mps(body, around) <= FRAME.airspeed_max_mps + 1e-6
    along = wind * math.sin(towards)
    across = wind * math.cos(towards)
    assert body.east_mps == pytest.approx(min(12.0, along + math.sqrt(16.0**2 - across**2)), abs=0.01)


def test_tilts_into_its_airspeed() -> None:
    still = _settled(Demand(heading_deg=0.0), CALM)
    ahead = _settled(Demand(0.0, 12.0, 0.0, 0.0), CALM)
    side = _settled(Demand(0.0, 0.0, 0.0, 0.0), Around(-8.0, 0.0, 0.0))
    assert abs(still.pitch_deg) < 0.1
    assert -15 < ahead.pitch_deg < -11
    assert side.roll_deg > 4


def test_a_wind_stronger_than_the_aircraft_carries_it_off() -> None:
    body = _settled(Demand(), Around(20.0, 0.0, 0.0))
    assert body.east_mps == pytest.approx(4.0, abs=0.1)


def test_it_lands_softly_and_breaks_when_it_falls() -> None:
    low = Body(0, 0, 1.0, grounded=False)
    for _ in range(100):
        low = step(low, Demand(0, 0, -0.7), CALM, FRAME, DT)
    assert low.grounded
    assert not low.broken
    assert low.alt_m == 0.0
    high = AIRBORNE
    for _ in range(400):
        high = step(high, OFF, CALM, FRAME, DT)
    assert high.grounded
    assert high.broken


def test_flying_into_a_hill_breaks_it() -> None:
    body = Body(0, 0, 10.0, 12.0, 0.0, 0.0, 90.0, grounded=False)
    assert step(body, Demand(12.0, 0, 0), Around(0, 0, 11.0), FRAME, DT).broken


@FEW
@given(st.lists(st.tuples(speeds, st.floats(-3, 3), st.booleans()), min_size=1, max_size=60))
def test_energy_never_grows_and_shrinks_while_flying(asked: list[tuple[float, float, bool]]) -> None:
    pack, body = Pack(), AIRBORNE
    charge = Charge(pack.capacity_wh)
    for east, up, motors in asked:
        body = step(body, Demand(east, 0, up, motors=motors), CALM, FRAME, DT)
        after = energy.drained(charge, energy.power_w(pack, body, airspeed_mps(body, CALM), motors), DT)
        assert after.left_wh < charge.left_wh
        charge = after


@pytest.mark.parametrize(("speed", "low", "high"), [(0.0, 30.0, 34.0), (12.0, 27.0, 30.0)])
def test_endurance_is_half_an_hour(speed: float, low: float, high: float) -> None:
    pack = Pack()
    body = Body(0, 0, 50.0, speed, 0.0, 0.0, grounded=False)
    minutes = pack.capacity_wh / energy.power_w(pack, body, speed, True) * 60
    assert low < minutes < high


def test_voltage_falls_with_charge_and_load() -> None:
    pack = Pack()
    full, loaded = energy.volts(pack, Charge(220.0, 0.0)), energy.volts(pack, Charge(220.0, 500.0))
    assert full > loaded > energy.volts(pack, Charge(20.0, 500.0)) > 18.0


def test_gusts_have_the_asked_strength_and_repeat_from_the_seed() -> None:
    def series(seed: int) -> list[float]:
        rng, gust, out = seeded_rng(seed), Wander(), []
        for _ in range(8000):
            gust = gusting(gust, Wind(gust_mps=2.0), 0.1, rng)
            out.append(gust.x)
        return out

    values = series(3)
    assert values == series(3) != series(4)
    mean = sum(values) / len(values)
    assert math.sqrt(sum((v - mean) ** 2 for v in values) / len(values)) == pytest.approx(2.0, rel=0.2)
