"""What a drone leaves is dealt to the others, for each cause; with the desk on a fake gateway and a clock by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from core.commands import Hold, JoinSearch, ResumeSearch, Return, StopSearch
from core.drone import FlightMode
from core.errors import Accepted, Fault, Refused
from core.events import (
    AUTO,
    Order,
    Phase,
    ReplanCause,
    SearchEnded,
    SearchOutcome,
    SearchReplanned,
    Sector,
    SectorFailed,
    SectorFlown,
)
from core.geo import LatLon
from core.ids import DroneId
from core.io import wire
from core.io.log.memory import MemoryLog
from flightops.fleet.fold import fold_all
from flightops.fleet.state import FleetState, SearchStage, SectorStage
from tests.flightops.missions.aloft import D1, D2, FAST, S1, SWEEP, Flight, flying, sweeping
from tests.flightops.missions.flying import FRAME, PILOT, at, gateway, items_of

D3 = DroneId("d3")
ALL = ("d1", "d2", "d3")
LEFT_M = 590.0 - 100.0 + 49.0 / 2.0
"""Of d2's path when it left at y = 210, less the half swath that is flown again."""


def length(sector: Sector) -> float:
    return sector.length_m


async def in_mid_sweep(f: Flight) -> None:
    """All three sweep; d2 was last seen 100 m along its first line."""
    await sweeping(f, *ALL)
    for y in (140, 170, 210):
        await f.hears("d2", item=SWEEP + 1, where=at(180, y))
    flown = [x for x in await f.of(SectorFlown) if x.drone == "d2"]
    assert flown[-1].flown_m == pytest.approx(100, abs=1)


async def replanned(f: Flight) -> SearchReplanned:
    fact = await f.first(SearchReplanned)
    assert isinstance(fact, SearchReplanned)
    return fact


async def ends_its_sector(f: Flight, drone: str) -> None:
    """The drone flies past its sector's end; its next mission, if it has one, is on board and begun."""
    vehicle = f.gate.vehicles[drone]
    assert vehicle.mission is not None
    _, last = items_of(vehicle.mission)
    begun = vehicle.calls.count("begin")
    await f.hears(drone, item=last, where=at(150, 110))
    await f.hears(drone, item=last + 1, where=at(150, 110))
    if f.desk.fleet.task_of(DroneId(drone)) is not None:
        await f.until(lambda: vehicle.calls.count("begin") > begun)


async def flies_all_it_has(f: Flight, drone: str) -> None:
    while f.desk.fleet.task_of(DroneId(drone)) is not None:
        await f.hears(drone, item=SWEEP + 1, where=at(150, 200))
        await ends_its_sector(f, drone)


async def comes_home(f: Flight, drone: str, **more: object) -> None:
    await f.hears(drone, mode=FlightMode.RETURN, in_air=True, item=SWEEP + 1, where=at(180, 215), **more)


async def lost(f: Flight) -> None:
    f.clock.time += 121.0
    await f.hears("d1", "d3", item=SWEEP + 1)


async def battery_low(f: Flight) -> None:
    await comes_home(f, "d2", battery=0.2)


async def ordered_home(f: Flight) -> None:
    await f.desk.ask(Return(D2, PILOT))
    await f.until(lambda: (D2, Order.RETURN) in f.gate.orders)
    await comes_home(f, "d2")


async def fell(f: Flight) -> None:
    await f.hears("d2", mode=FlightMode.MISSION, in_air=False, armed=False, where=at(180, 215))


@pytest.mark.parametrize(
    ("leaves", "cause"),
    [
        (lost, ReplanCause.LOST),
        (battery_low, ReplanCause.BATTERY),
        (ordered_home, ReplanCause.ORDERED),
        (fell, ReplanCause.FAILED),
    ],
)
async def test_the_others_fly_what_it_left(leaves: Callable[[Flight], object], cause: ReplanCause) -> None:
    async with flying(gate=gateway(*ALL)) as f:
        await in_mid_sweep(f)
        await leaves(f)  # type: ignore[misc]
        told = await replanned(f)
        assert (told.cause, told.drones, told.superseded, told.by) == (cause, ("d2",), ("s1.2",), AUTO)
        assert told.reason.startswith("d2: ")
        assert told.undone == ()
        assert {s.drone for s in told.sectors} <= {"d1", "d3"}
        assert sum(map(length, told.sectors)) == pytest.approx(LEFT_M, abs=3.0)
        assert not any("begin" in v.calls for v in f.gate.vehicles.values()), "nobody is interrupted in its own sector"
        for drone in ("d1", "d3"):
            await flies_all_it_has(f, drone)
        await f.until(lambda: f.desk.fleet.searches[S1].stage is SearchStage.ENDED)
        assert f.desk.fleet.searches[S1].outcome is SearchOutcome.SWEPT
        for sector in told.sectors:
            calls = f.gate.vehicles[sector.drone].calls
            assert calls[:2] == ["upload", "fly"]
            assert calls[2:4] == ["upload", "begin"]
            assert (sector.drone, Order.HOLD) in f.gate.orders, "it hovers first"
        assert (D2, Order.HOLD) not in f.gate.orders or leaves is lost


async def test_the_next_mission_flies_the_share_from_where_it_hovers() -> None:
    async with flying(gate=gateway(*ALL)) as f:
        await in_mid_sweep(f)
        await battery_low(f)
        share = (await replanned(f)).sectors[0]
        await ends_its_sector(f, share.drone)
        mission = f.gate.vehicles[share.drone].mission
        assert mission is not None
        first, last = items_of(mission)
        assert mission.items[0].command == 16, "no take-off in the air"
        begin = FRAME.to_xy(at(150, 110))
        places = [FRAME.to_xy(LatLon(i.x / 1e7, i.y / 1e7)) for i in mission.items if i.command == 16]
        assert places[0] == pytest.approx(begin, abs=0.1)
        swept = [FRAME.to_xy(LatLon(i.x / 1e7, i.y / 1e7)) for i in mission.items[first : last + 1]]
        assert swept == [pytest.approx(FRAME.to_xy(p), abs=0.1) for p in share.path]
        assert all(i.z == pytest.approx(60.0, abs=1.0) for i in mission.items[first : last + 1])


async def test_a_failed_upload_goes_on_with_the_old_mission_and_is_dealt_to_another() -> None:
    async with flying(gate=gateway(*ALL)) as f:
        await in_mid_sweep(f)
        await battery_low(f)
        share = (await replanned(f)).sectors[0]
        vehicle = f.gate.vehicles[share.drone]
        vehicle.faults = 2
        _, last = items_of(vehicle.mission)  # type: ignore[arg-type]
        await f.hears(share.drone, item=last + 1, where=at(150, 110))
        await f.until(lambda: vehicle.calls[-1] == "resume")
        assert vehicle.calls[2:] == ["upload", "upload", "holds", "resume"]
        await f.until(lambda: len([s for s in f.desk.fleet.searches[S1].sectors if s.reason]) >= 2)
        other = "d3" if share.drone == "d1" else "d1"
        await f.until(lambda: len(f.desk.fleet.searches[S1].open_of(DroneId(other))) >= 2)
        failures = [x for x in await f.of(SectorFailed) if x.drone == share.drone]
        assert [x.reason for x in failures] == ["MISSION_ACK error 13 (no space)"]


async def test_a_mission_that_is_neither_old_nor_new_is_never_flown() -> None:
    async with flying(gate=gateway(*ALL)) as f:
        await in_mid_sweep(f)
        await battery_low(f)
        share = (await replanned(f)).sectors[0]
        vehicle = f.gate.vehicles[share.drone]
        _, last = items_of(vehicle.mission)  # type: ignore[arg-type]

        async def mixed(mission: object) -> str:
            vehicle.calls.append("upload")
            vehicle.mission = None
            raise Fault("timeout")

        vehicle.upload = mixed
        await f.hears(share.drone, item=last + 1, where=at(150, 110))
        await f.until(lambda: (share.drone, Order.RETURN) in f.gate.orders)
        assert "resume" not in vehicle.calls
        assert "begin" not in vehicle.calls


async def test_a_mission_that_does_not_begin_brings_it_home() -> None:
    async with flying(gate=gateway(*ALL)) as f:
        await in_mid_sweep(f)
        await battery_low(f)
        share = (await replanned(f)).sectors[0]
        vehicle = f.gate.vehicles[share.drone]
        vehicle.begin_fault = "it would begin at item 40"
        await ends_its_sector(f, share.drone)
        await f.until(lambda: (share.drone, Order.RETURN) in f.gate.orders)
        assert "resume" not in vehicle.calls


async def test_a_second_loss_while_the_first_is_dealt_out() -> None:
    async with flying(gate=gateway(*ALL)) as f:
        await in_mid_sweep(f)
        await comes_home(f, "d2", battery=0.2)
        await comes_home(f, "d3", battery=0.2)
        await f.until(lambda: any(s.stage is SectorStage.SUPERSEDED for s in f.desk.fleet.searches[S1].sectors))
        await f.until(lambda: not any(s.stage is SectorStage.FAILED for s in f.desk.fleet.searches[S1].sectors))
        waiting = f.desk.fleet.searches[S1].open_of(D1)
        assert {s.sector.drone for s in f.desk.fleet.searches[S1].sectors if s.stage.open} == {"d1"}
        assert len(waiting) >= 3
        await flies_all_it_has(f, "d1")
        await f.until(lambda: f.desk.fleet.searches[S1].stage is SearchStage.ENDED)
        assert f.desk.fleet.searches[S1].outcome is SearchOutcome.SWEPT


async def test_a_drone_lost_with_a_share_leaves_both() -> None:
    async with flying(gate=gateway("d1", "d2")) as f:
        await sweeping(f, "d1", "d2")
        await comes_home(f, "d2", battery=0.2)
        await replanned(f)
        await comes_home(f, "d1", battery=0.2)
        await f.until(lambda: f.desk.fleet.searches[S1].stage is SearchStage.ENDED)
        assert f.desk.fleet.searches[S1].outcome is SearchOutcome.FAILED
        last = (await f.of(SearchReplanned))[-1]
        assert isinstance(last, SearchReplanned)
        assert last.sectors == ()
        assert sum(map(length, last.undone)) == pytest.approx(2 * 590.0, abs=5.0)
        assert "no drone is left to fly it" in last.reason


async def test_nobody_left_ends_the_search_saying_what_is_missing() -> None:
    async with flying(gate=gateway("d1")) as f:
        await sweeping(f, "d1")
        await f.hears("d1", item=SWEEP + 1, where=at(120, 210))
        await comes_home(f, "d1", battery=0.2)
        await f.until(lambda: f.desk.fleet.searches[S1].stage is SearchStage.ENDED)
        told = await replanned(f)
        assert [s.drone for s in told.undone] == ["d1"]
        assert sum(map(length, told.undone)) < 590.0
        assert await f.of(SearchEnded) == [SearchEnded(S1, SearchOutcome.FAILED, AUTO)]
        missing = [s for s in f.desk.fleet.searches[S1].sectors if s.stage is SectorStage.FAILED]
        assert [s.sector for s in missing] == list(told.undone)
        assert "no drone is left to fly it" in missing[0].reason


async def test_a_person_holds_it_while_its_mission_changes() -> None:
    """The change is cut short; when it is let go it begins anew, from the first item."""
    async with flying(gate=gateway(*ALL)) as f:
        await in_mid_sweep(f)
        await battery_low(f)
        share = (await replanned(f)).sectors[0]
        vehicle, go = f.gate.vehicles[share.drone], asyncio.Event()
        upload = vehicle.upload

        async def slow(mission: object) -> str:
            await go.wait()
            return await upload(mission)  # type: ignore[arg-type]

        vehicle.upload = slow
        _, last = items_of(vehicle.mission)  # type: ignore[arg-type]
        await f.hears(share.drone, item=last + 1, where=at(150, 110))
        await f.until(lambda: (share.drone, Order.HOLD) in f.gate.orders)
        assert await f.desk.ask(Hold(DroneId(share.drone), PILOT)) == Accepted(share.drone)
        go.set()
        await f.hears(share.drone, mode=FlightMode.HOLD, in_air=True, where=at(150, 110))
        await asyncio.sleep(0.1)
        assert vehicle.calls == ["upload", "fly"]
        assert await f.desk.ask(ResumeSearch(DroneId(share.drone), PILOT)) == Accepted(share.drone)
        await f.until(lambda: vehicle.calls == ["upload", "fly", "upload", "begin"])


async def test_stopping_the_search_in_a_change_brings_it_home() -> None:
    async with flying(gate=gateway(*ALL)) as f:
        await in_mid_sweep(f)
        await battery_low(f)
        share = (await replanned(f)).sectors[0]
        vehicle = f.gate.vehicles[share.drone]

        async def hangs(mission: object) -> str:
            await asyncio.Event().wait()
            return ""

        vehicle.upload = hangs
        _, last = items_of(vehicle.mission)  # type: ignore[arg-type]
        await f.hears(share.drone, item=last + 1, where=at(150, 110))
        await f.until(lambda: (share.drone, Order.HOLD) in f.gate.orders)
        assert await f.desk.ask(StopSearch(S1, PILOT)) == Accepted("s1")
        await f.until(lambda: (share.drone, Order.RETURN) in f.gate.orders)
        assert "begin" not in vehicle.calls


async def test_a_drone_with_a_new_battery_joins_when_a_pilot_asks() -> None:
    async with flying(gate=gateway("d1", "d2")) as f:
        await sweeping(f, "d1", "d2")
        refused = await f.desk.ask(JoinSearch(S1, D3, PILOT))
        assert isinstance(refused, Refused)
        assert "d3 is not known" in str(refused)
        await comes_home(f, "d2", battery=0.2)
        await replanned(f)
        await f.hears("d2", mode=FlightMode.LAND, in_air=True, battery=0.2)
        await f.hears("d2", battery=0.2)
        assert f.phase("d2") is Phase.GROUNDED
        low = await f.desk.ask(JoinSearch(S1, D2, PILOT))
        assert isinstance(low, Refused)
        assert low.reasons[0].field == "drone"
        assert "20% battery" in str(low)
        await f.hears("d2", battery=0.95)
        await f.hears("d1", item=SWEEP + 1)
        assert await f.desk.ask(JoinSearch(S1, D2, PILOT)) == Accepted("s1")
        told = (await f.of(SearchReplanned))[-1]
        assert isinstance(told, SearchReplanned)
        assert (told.cause, told.drones, told.by) == (ReplanCause.ADDED, ("d2",), PILOT)
        assert "d2" in {s.drone for s in told.sectors}
        await f.until(lambda: f.gate.vehicles["d2"].calls == ["upload", "fly", "upload", "fly"])
        assert f.gate.vehicles["d2"].mission.items[0].command == 22, "it takes off"  # type: ignore[union-attr]
        before = len(await f.facts())
        assert await f.desk.ask(JoinSearch(S1, D2, PILOT)) == Accepted("s1")
        assert len(await f.facts()) == before, "a repeat adds nothing"


async def test_nothing_is_launched_or_added_that_is_not_needed() -> None:
    async with flying(gate=gateway(*ALL)) as f:
        await sweeping(f, "d1", "d2")
        await f.hears("d3")
        refused = await f.desk.ask(JoinSearch(S1, D3, PILOT))
        assert isinstance(refused, Refused)
        assert "nothing of s1 is left that nobody flies" in str(refused)
        await comes_home(f, "d2", battery=0.2)
        await replanned(f)
        await asyncio.sleep(0.2)
        assert f.gate.vehicles["d3"].calls == [], "to launch a further drone is for a pilot to approve"


async def test_after_a_restart_nothing_is_dealt_or_sent() -> None:
    log = MemoryLog()
    async with flying(log, gate=gateway("d1", "d2")) as f:
        await sweeping(f, "d1", "d2")
        await comes_home(f, "d2", battery=0.2)
        await replanned(f)
        mission = f.gate.vehicles["d1"].mission
        before = f.desk.fleet
    again = list(await log.read(0, 100_000))
    assert fold_all(FleetState(), again) == before
    assert fold_all(before, again) == before
    for record in again:
        assert wire.decode(wire.encode(record.fact)) == record.fact
    gate = gateway("d1", "d2")
    async with flying(log, start=1_000_100.0, gate=gate, settings=FAST) as f:
        assert mission is not None
        _, last = items_of(mission)
        await f.hears("d2", mode=FlightMode.RETURN, in_air=True)
        await f.hears("d1", item=last, where=at(150, 110))
        await f.hears("d1", item=last + 1, where=at(150, 110))
        await f.until(lambda: f.desk.fleet.searches[S1].stage is SearchStage.ENDED)
        assert f.desk.fleet.searches[S1].outcome is SearchOutcome.FAILED
        assert (gate.orders, gate.vehicles["d1"].calls) == ([], [])
        reasons = [x.reason for x in await f.of(SectorFailed)]
        assert any("restarted" in r and "nothing is sent by itself" in r for r in reasons)
