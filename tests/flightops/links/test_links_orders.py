"""HOLD and RETURN: sent again with rising confirmation until telemetry shows them, then answered in words."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from core.drone import Aged, Autopilot, DroneState, FlightMode
from core.events import Order
from core.ids import DroneId
from core.units import UtcSeconds
from flightops.links.dialects import DIALECTS
from flightops.links.orders import GIVE_UP_S, SHOWN_BY, Answer, Running, Send, acknowledged, step

T0 = 1000.0


def at(s: float) -> UtcSeconds:
    return UtcSeconds(T0 + s)


def state(autopilot: Autopilot, mode: FlightMode, heard: float, armed: bool = True, in_air: bool = True) -> DroneState:
    return DroneState(
        DroneId("d1"), 1, autopilot, at(heard),
        mode=Aged(mode, at(heard)), armed=Aged(armed, at(heard)), in_air=Aged(in_air, at(heard)),
    )  # fmt: skip


def walk(
    order: Order, autopilot: Autopilot, works_after: int, ack: int | None = None
) -> tuple[list[Send], Answer, float]:
    """Ten steps a second; the drone obeys the `works_after`-th command it gets."""
    dialect = DIALECTS[autopilot]
    run = Running("o1", order, at(0.0))
    now, sends = state(autopilot, FlightMode.MISSION, -0.1), []
    for tick in range(200):
        t = tick / 10
        run, what = step(run, now, dialect, at(t), t)
        if isinstance(what, Answer):
            return sends, what, t
        if isinstance(what, Send):
            sends.append(what)
            if ack is not None:
                run = acknowledged(run, ack, dialect)
        if tick % 10 == 5:
            obeys = len(sends) >= works_after
            now = state(autopilot, next(iter(SHOWN_BY[order])) if obeys else FlightMode.MISSION, t)
    raise AssertionError("it must end")


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(Order), st.sampled_from(Autopilot), st.integers(1, 15))
def test_lost_commands_are_sent_again_until_it_shows(order: Order, autopilot: Autopilot, works_after: int) -> None:
    sends, answer, took = walk(order, autopilot, works_after)
    assert answer.done
    assert [s.confirmation for s in sends] == list(range(len(sends)))
    assert works_after <= len(sends) <= works_after + 3
    assert took < GIVE_UP_S


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(Order), st.sampled_from(Autopilot))
def test_a_deaf_drone_is_given_up_in_words(order: Order, autopilot: Autopilot) -> None:
    sends, answer, took = walk(order, autopilot, 10**6)
    assert not answer.done
    assert "did not answer" in answer.detail
    assert "mission" in answer.detail
    assert len(sends) == 20
    assert GIVE_UP_S <= took < GIVE_UP_S + 0.2


def test_an_accepted_command_without_effect_is_not_done() -> None:
    _, answer, _ = walk(Order.HOLD, Autopilot.PX4, 10**6, ack=0)
    assert not answer.done


def test_a_refusal_is_told_and_ardupilot_tries_its_other_hold() -> None:
    sends, answer, _ = walk(Order.HOLD, Autopilot.ARDUPILOT, 10**6, ack=4)
    assert "failed" in answer.detail
    assert [s.command.params[1] for s in sends][:3] == [17.0, 5.0, 5.0]


def test_the_mode_before_the_order_is_no_proof() -> None:
    dialect = DIALECTS[Autopilot.PX4]
    before = state(Autopilot.PX4, FlightMode.HOLD, -0.5)
    run, what = step(Running("o1", Order.HOLD, at(0.0)), before, dialect, at(0.0), 0.0)
    assert isinstance(what, Send)
    run, what = step(run, before, dialect, at(0.1), 0.1)
    assert what is None
    _, what = step(run, state(Autopilot.PX4, FlightMode.HOLD, 0.4), dialect, at(0.5), 0.5)
    assert what == Answer(True, "holding")


def test_a_drone_on_the_ground_has_nothing_to_stop() -> None:
    dialect = DIALECTS[Autopilot.PX4]
    run, _ = step(Running("o1", Order.RETURN, at(0.0)), state(Autopilot.PX4, FlightMode.HOLD, -1), dialect, at(0), 0.0)
    grounded = state(Autopilot.PX4, FlightMode.HOLD, 0.5, armed=False, in_air=False)
    assert step(run, grounded, dialect, at(0.6), 0.6)[1] == Answer(True, "on the ground, disarmed")


def test_a_lost_link_is_told_as_such() -> None:
    lost = state(Autopilot.PX4, FlightMode.MISSION, -20.0)
    run = replace(Running("o1", Order.HOLD, at(0.0)), tries=20, sent_at=9.5)
    _, what = step(run, lost, DIALECTS[Autopilot.PX4], at(10.0), 10.0)
    assert isinstance(what, Answer)
    assert "last heard 30 s ago" in what.detail
