"""The desk as a whole, on a fake gateway and a clock that moves by hand: order, fly, hold, stop, restart, dead log."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from core.commands import ApproveSearch, Hold, ResumeSearch, Return, SearchArea, StopSearch
from core.drone import FlightMode
from core.errors import Accepted, Fault, Refused
from core.events import (
    AUTO,
    DroneLinkLost,
    DronePhaseChanged,
    DroneWarned,
    Fact,
    MissionUploaded,
    Order,
    OrderAnswered,
    OrderGiven,
    Phase,
    SearchAccepted,
    SearchApproved,
    SearchEnded,
    SearchOutcome,
    SearchRefused,
    SectorEntered,
    SectorFailed,
    SectorSwept,
    StripSwept,
)
from core.footprint import Footprint
from core.geo import LatLon
from core.ids import SearchId, SectorId
from core.io.log.memory import MemoryLog
from core.units import UtcSeconds
from flightops.fleet.fold import fold_all
from flightops.fleet.state import FleetState, SearchStage
from tests.flightops.missions.aloft import D1, D2, FAST, S1, SWEEP, approved, flying, sweeping
from tests.flightops.missions.flying import (
    FRAME,
    PILOT,
    at,
    gateway,
    in_mission,
    items_of,
    order,
)


async def test_a_search_from_order_to_end() -> None:
    async with flying() as f:
        await sweeping(f, "d1", "d2")
        mission = f.gate.vehicles["d1"].mission
        assert mission is not None
        _, last = items_of(mission)
        await f.hears("d1", "d2", item=last + 1)
        await f.hears("d1", "d2", mode=FlightMode.RETURN, in_air=True)
        await f.until(lambda: f.desk.fleet.searches[S1].stage is SearchStage.ENDED)
        await f.hears("d1", "d2", mode=FlightMode.LAND, in_air=True)
        await f.hears("d1", "d2")
        assert await f.of(SearchEnded) == [SearchEnded(S1, SearchOutcome.SWEPT, AUTO)]
        phases = [x.phase for x in await f.of(DronePhaseChanged) if x.drone == "d1"]
        names = ["uploading", "taking_off", "transit", "sweeping", "returning", "landing", "grounded"]
        assert phases == names
        assert len(await f.of(SectorEntered)) == len(await f.of(SectorSwept)) == 2
        uploaded = await f.of(MissionUploaded)
        assert {u.digest for u in uploaded} == {v.mission.digest for v in f.gate.vehicles.values() if v.mission}
        assert f.gate.orders == []
        assert f.gate.beats > 5


async def test_repeats_change_nothing() -> None:
    async with flying() as f:
        await sweeping(f, "d1")
        before = await f.facts()
        assert await f.desk.ask(order("s1", ("d1",))) == Accepted("s1")
        assert await f.desk.ask(ApproveSearch(S1, PILOT)) == Accepted("s1")
        assert await f.facts() == before
        again = [await f.desk.ask(Hold(D1, PILOT)) for _ in range(3)]
        await f.until(lambda: f.gate.orders != [])
        again += [await f.desk.ask(Hold(D1, PILOT)) for _ in range(3)]
        assert set(again) == {Accepted("d1")}
        assert f.gate.orders == [(D1, Order.HOLD)]
        assert f.gate.vehicles["d1"].calls == ["upload", "fly"]


async def test_the_same_order_twice_at_once_is_planned_once() -> None:
    async with flying() as f:
        await f.hears("d1")
        answers = await asyncio.gather(*(f.desk.ask(order("s1")) for _ in range(5)))
        assert set(answers) == {Accepted("s1")}
        assert len(await f.of(SearchAccepted)) == 1


async def test_auto_approve_flies_without_a_click() -> None:
    async with flying(settings=replace(FAST, auto_approve=True)) as f:
        await f.hears("d1")
        assert await f.desk.ask(order("s1")) == Accepted("s1")
        await f.until(lambda: "fly" in f.gate.vehicles["d1"].calls)
        assert await f.of(SearchApproved) == [SearchApproved(S1, AUTO)]


async def test_refusals_name_field_and_fix() -> None:
    async with flying() as f:
        empty = await f.desk.ask(order("s0"))
        assert isinstance(empty, Refused)
        assert "no drone has been heard" in str(empty)
        assert await f.desk.ask(order("s0")) == empty, "the same id, the same answer"
        await f.hears("d1")
        await f.hears("d2", battery=0.2)
        unknown = await f.desk.ask(order("s2", ("d9",)))
        assert isinstance(unknown, Refused)
        assert unknown.reasons[0].problem == "d9 is not known"
        weak = await f.desk.ask(order("s3", ("d2",)))
        assert isinstance(weak, Refused)
        assert "20% battery" in str(weak)
        area = replace(order("s4", ("d1",)).area, outer=(at(0, 0), at(0, 10), at(10, 10)))
        refused = await f.desk.ask(SearchArea(SearchId("s4"), area, PILOT))
        assert isinstance(refused, Refused)
        assert refused.reasons[0].field == "area"
        assert len(await f.of(SearchRefused)) == 4
        for wish in (ApproveSearch(SearchId("sx"), PILOT), StopSearch(SearchId("sx"), PILOT), ResumeSearch(D1, PILOT)):
            answer = await f.desk.ask(wish)
            assert isinstance(answer, Refused)
            assert all(r.field and r.problem and r.fix for r in answer.reasons)
        nobody = await f.desk.ask(Hold(None, PILOT))
        assert isinstance(nobody, Refused)
        assert "no drone is in the air" in str(nobody)


async def test_a_busy_drone_is_refused_and_left_out() -> None:
    async with flying() as f:
        await sweeping(f, "d1")
        await f.hears("d2")
        busy = await f.desk.ask(order("s2", ("d1",)))
        assert isinstance(busy, Refused)
        assert "d1 is busy with search s1" in str(busy)
        assert await f.desk.ask(order("s3")) == Accepted("s3")
        plan = f.desk.fleet.searches[SearchId("s3")].plan
        assert plan is not None
        assert [s.drone for s in plan.sectors] == ["d2"]


async def test_upload_is_tried_twice_and_no_more() -> None:
    gate = gateway("d1", "d2")
    gate.vehicles["d1"].faults, gate.vehicles["d2"].faults = 1, 2
    async with flying(gate=gate) as f:
        await f.hears("d1", "d2")
        await f.desk.ask(order("s1"))
        await f.desk.ask(ApproveSearch(S1, PILOT))
        await f.until(lambda: f.desk.fleet.searches[S1].sectors[1].reason != "")
        await f.until(lambda: "fly" in gate.vehicles["d1"].calls)
        assert gate.vehicles["d1"].calls == ["upload", "upload", "fly"]
        assert gate.vehicles["d2"].calls == ["upload", "upload"]
        assert await f.of(SectorFailed) == [SectorFailed(S1, SectorId("s1.2"), D2, "MISSION_ACK error 13 (no space)")]
        assert f.phase("d2") is Phase.GROUNDED


async def test_take_off_refused_is_told_in_the_drones_words() -> None:
    gate = gateway("d1")
    gate.vehicles["d1"].fly_fault = "PreArm: compass not calibrated"
    async with flying(gate=gate) as f:
        await f.hears("d1")
        await f.desk.ask(order("s1"))
        await f.desk.ask(ApproveSearch(S1, PILOT))
        await f.until(lambda: f.desk.fleet.searches[S1].stage is SearchStage.ENDED)
        assert f.desk.fleet.searches[S1].sectors[0].reason == "PreArm: compass not calibrated"
        assert f.desk.fleet.searches[S1].outcome is SearchOutcome.FAILED


async def test_hold_resume_and_return() -> None:
    async with flying() as f:
        await sweeping(f, "d1")
        assert await f.desk.ask(Hold(D1, PILOT)) == Accepted("d1")
        await f.until(lambda: f.gate.orders == [(D1, Order.HOLD)])
        await f.hears("d1", mode=FlightMode.HOLD, in_air=True, item=SWEEP + 1)
        assert f.phase("d1") is Phase.HOLDING
        assert await f.of(SectorFailed) == [], "it was asked to hold"
        assert await f.desk.ask(ResumeSearch(D1, PILOT)) == Accepted("d1")
        await f.until(lambda: "resume" in f.gate.vehicles["d1"].calls)
        await f.hears("d1", item=SWEEP + 2)
        assert f.phase("d1") is Phase.SWEEPING
        assert await f.desk.ask(Return(None, PILOT)) == Accepted("fleet")
        await f.until(lambda: f.gate.orders == [(D1, Order.HOLD), (D1, Order.RETURN)])
        await f.hears("d1", mode=FlightMode.RETURN, in_air=True, item=SWEEP + 2)
        failed = await f.of(SectorFailed)
        assert [x.reason for x in failed] == ["called home by chen before its sector was done"]
        done = await f.of(OrderAnswered)
        assert [x.done for x in done] == [True, True]


async def test_leaving_the_mission_unasked_fails_the_sector() -> None:
    async with flying() as f:
        await sweeping(f, "d1")
        await f.hears("d1", mode=FlightMode.RETURN, in_air=True, item=SWEEP + 2, battery=0.22)
        await f.until(lambda: f.desk.fleet.searches[S1].stage is SearchStage.ENDED)
        assert "broke off by itself" in f.desk.fleet.searches[S1].sectors[0].reason
        assert "battery 22%" in f.desk.fleet.searches[S1].sectors[0].reason


@pytest.mark.parametrize("outcome", [SearchOutcome.STOPPED, SearchOutcome.FOUND])
async def test_an_ended_search_calls_its_drones_home(outcome: SearchOutcome) -> None:
    async with flying() as f:
        await sweeping(f, "d1", "d2")
        if outcome is SearchOutcome.STOPPED:
            assert await f.desk.ask(StopSearch(S1, PILOT)) == Accepted("s1")
        else:
            await f.log.append(f.clock.now(), SearchEnded(S1, outcome, PILOT))
        await f.until(lambda: len(f.gate.orders) == 2)
        assert sorted(f.gate.orders) == [(D1, Order.RETURN), (D2, Order.RETURN)]
        assert await f.desk.ask(StopSearch(S1, PILOT)) == Accepted("s1")
        assert len(await f.of(SearchEnded)) == 1


async def test_hold_before_take_off_keeps_it_on_the_ground() -> None:
    gate = gateway("d1")
    started, go = asyncio.Event(), asyncio.Event()
    vehicle = gate.vehicles["d1"]

    async def slow(mission: object) -> str:
        started.set()
        await go.wait()
        return "digest"

    vehicle.upload = slow
    async with flying(gate=gate) as f:
        await f.hears("d1")
        await f.desk.ask(order("s1"))
        await f.desk.ask(ApproveSearch(S1, PILOT))
        await started.wait()
        assert await f.desk.ask(Hold(None, PILOT)) == Accepted("fleet")
        go.set()
        await f.until(lambda: f.desk.fleet.searches[S1].stage is SearchStage.ENDED)
        await asyncio.sleep(0.05)
        assert "fly" not in vehicle.calls
        assert f.phase("d1") is Phase.GROUNDED


async def test_a_silent_link_is_told_held_and_called_home() -> None:
    async with flying() as f:
        await sweeping(f, "d1")
        f.clock.time += 5.5
        await f.hears("d1", item=SWEEP + 1)
        for _ in range(40):
            f.clock.time += 0.5
            await asyncio.sleep(0.012)
        assert [x.drone for x in await f.of(DroneLinkLost)] == ["d1"]
        given = [x.order for x in await f.of(OrderGiven)]
        assert given[0] is Order.HOLD
        assert given[-1] is Order.RETURN
        assert "was not heard for" in (await f.of(DroneWarned))[0].text


async def test_restart_folds_the_same_and_sends_nothing() -> None:
    async with flying() as f:
        await sweeping(f, "d1", "d2")
        before, log = f.desk.fleet, f.log
    length = log.last_seq()
    gate = gateway("d1", "d2")
    async with flying(log, start=1_000_100.0, gate=gate) as f:
        await asyncio.sleep(0.05)
        assert f.desk.fleet == before == fold_all(FleetState(), await log.read(0, 10_000))
        assert log.last_seq() == length
        assert (gate.orders, gate.vehicles["d1"].calls, gate.vehicles["d2"].calls) == ([], [], [])
        await f.hears("d1", "d2", item=SWEEP + 2)
        await f.hears("d1", "d2", item=SWEEP + 5)
        await f.until(lambda: f.desk.fleet.searches[S1].stage is SearchStage.ENDED)
        assert f.desk.fleet.searches[S1].outcome is SearchOutcome.SWEPT, "passive facts go on"
        assert (gate.orders, gate.vehicles["d1"].calls) == ([], [])


async def test_restart_before_take_off_frees_the_drone() -> None:
    gate = gateway("d1")
    gate.vehicles.clear()
    log = MemoryLog()
    async with flying(log, gate=gate) as f:
        await f.hears("d1")
        await f.desk.ask(order("s1"))
    await log.append(UtcSeconds(1_000_001.0), SearchApproved(S1, PILOT), DronePhaseChanged(D1, Phase.UPLOADING, "x"))
    gate = gateway("d1")
    async with flying(log, start=1_000_100.0, gate=gate) as f:
        await f.hears("d1")
        await f.until(lambda: f.desk.fleet.searches[S1].stage is SearchStage.ENDED)
        assert "restarted" in f.desk.fleet.searches[S1].sectors[0].reason
        assert f.phase("d1") is Phase.GROUNDED
        assert (gate.orders, gate.vehicles["d1"].calls) == ([], [])


async def test_hold_goes_out_with_a_dead_log() -> None:
    log = SickLog()
    async with flying(log) as f:
        await sweeping(f, "d1")
        log.full = True
        assert await f.desk.ask(Hold(D1, PILOT)) == Accepted("d1")
        await f.until(lambda: f.gate.orders == [(D1, Order.HOLD)])
        with pytest.raises(Fault):
            await f.desk.ask(StopSearch(S1, PILOT))


class SickLog(MemoryLog):
    """A log whose disk hangs, once `stuck` is set, or is full, once `full` is."""

    def __init__(self) -> None:
        super().__init__()
        self.stuck = self.full = False

    async def append(self, now: UtcSeconds, *facts: Fact) -> int:
        if self.stuck:
            await asyncio.Event().wait()
        if self.full:
            raise Fault("the disk is full")
        return await super().append(now, *facts)


async def test_hold_goes_out_with_a_log_that_hangs() -> None:
    log = SickLog()
    async with flying(log) as f:
        await sweeping(f, "d1")
        log.stuck = True
        assert await f.desk.ask(Hold(None, PILOT)) == Accepted("fleet")
        await f.until(lambda: f.gate.orders == [(D1, Order.HOLD)])
        beats = f.gate.beats
        f.desk.heard(in_mission("d1", f.clock.time + 9, 9))
        await asyncio.sleep(0.1)
        assert f.gate.beats <= beats + 2, "a control loop that hangs beats no more"


async def test_a_breach_with_a_dead_log_is_ordered_once_not_stormed() -> None:
    log = SickLog()
    async with flying(log) as f:
        await sweeping(f, "d1")
        f.clock.time += 5.5
        await f.hears("d1", item=SWEEP + 1)
        log.full = True
        await f.hears("d1", item=SWEEP + 1, battery=0.1)
        await f.until(lambda: f.gate.orders != [])
        await asyncio.sleep(0.1)
        assert f.gate.orders == [(D1, Order.RETURN)]


async def test_an_area_too_large_for_the_battery_is_refused() -> None:
    async with flying(settings=replace(FAST, endurance_s=120.0)) as f:
        await f.hears("d1")
        refused = await f.desk.ask(order("s1"))
        assert isinstance(refused, Refused)
        assert "d1 has 90% battery left and needs" in str(refused)


async def test_an_order_the_gateway_does_not_carry_out_is_said() -> None:
    async with flying() as f:
        await sweeping(f, "d1")
        f.gate.deaf = True
        await f.desk.ask(Hold(D1, PILOT))
        assert await f.first(OrderAnswered) == OrderAnswered(D1, Order.HOLD, False, "the gateway does not answer")
        await f.hears("d1", item=SWEEP + 2)
        assert f.phase("d1") is Phase.SWEEPING, "the phase tells what it does, not what it was told"


def square(y: float) -> tuple[LatLon, ...]:
    return at(100, y), at(150, y), at(150, y + 40), at(100, y + 40)


async def test_footprints_become_strips_while_sweeping() -> None:
    async with flying() as f:
        await approved(f, "d1")
        await f.hears("d1", item=2)
        f.desk.note_footprint(Footprint(D1, f.clock.now(), square(0)))
        await f.hears("d1", item=SWEEP)
        for i in range(8):
            f.clock.time += 0.5
            await f.hears("d1", item=SWEEP)
            f.desk.note_footprint(Footprint(D1, f.clock.now(), square(100 + 6 * i)))
        f.clock.time += 1.0
        await f.hears("d1", item=SWEEP)
        strip = await f.first(StripSwept)
        assert isinstance(strip, StripSwept)
        ys = [FRAME.to_xy(p)[1] for p in strip.ring]
        assert min(ys) == pytest.approx(100, abs=1)
        assert max(ys) == pytest.approx(100 + 6 * 7 + 40, abs=1)


async def test_old_news_of_the_mission_does_not_undo_an_order() -> None:
    async with flying() as f:
        await sweeping(f, "d1")
        heard_before = in_mission("d1", f.clock.time, 6)
        await f.desk.ask(Hold(D1, PILOT))
        await f.first(OrderAnswered)
        f.desk.heard(heard_before)
        await asyncio.sleep(0.05)
        assert f.phase("d1") is Phase.HOLDING
        await f.hears("d1", mode=FlightMode.HOLD, in_air=True, item=SWEEP + 2)
        assert await f.of(SectorFailed) == []
