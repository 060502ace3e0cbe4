from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.commands import (
    AcceptTask,
    ArriveAtTask,
    ClearTask,
    CloseIncident,
    ConfirmIncident,
    DismissIncident,
    RaiseAlarm,
    ReportUnit,
    SendUnit,
)
from core.errors import Accepted, Fault, Refused
from core.events import (
    AlarmKind,
    AlarmRaised,
    IncidentClosed,
    IncidentConfirmed,
    IncidentDismissed,
    IncidentGrew,
    IncidentOpened,
    TaskCleared,
    TaskOutcome,
    UnitSent,
)
from core.geo import distance_m
from core.io.log.memory import MemoryLog, MemoryTrail
from core.io.settings import DispatchSettings, UnitSettings
from ground.desk import Ground, GroundDesk
from ground.dispatch.roads import no_roads
from ground.dispatch.route import Router
from ground.dispatch.tasks import NOTHING_FOUND
from tests.ground.ground_worlds import ORIGIN, T0, HandClock, at, sighting, site

UNITS = (UnitSettings(id="u1", name="One"), UnitSettings(id="u2", name="Two", kind="foot"))


class Town:
    def __init__(self, log: MemoryLog | None = None, auto: bool = False) -> None:
        self.log = log or MemoryLog()
        self.trail = MemoryTrail()
        self.clock = HandClock()
        dispatch = DispatchSettings(auto_send=auto)
        ground = Ground(Router(no_roads(ORIGIN)), (site(),), UNITS, dispatch)
        self.desk = GroundDesk(self.log, self.trail, self.clock, ground)

    async def ask(self, wish) -> Accepted | Refused:
        return await self.desk.ask(wish)

    async def place(self, unit: str, x: float, y: float) -> None:
        assert isinstance(await self.ask(ReportUnit(unit, at(x, y), self.clock.now())), Accepted)

    async def see(self, *made) -> None:
        await self.log.append(self.clock.now(), *made)
        await self.settle()

    async def settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    async def facts(self, *kinds) -> list:
        return [r.fact for r in await self.log.read(0, 10_000) if isinstance(r.fact, kinds or object)]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Town]:
        task = asyncio.create_task(self.desk.run())
        await self.settle()
        try:
            yield self
        finally:
            task.cancel()
            (ended,) = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(ended, asyncio.CancelledError), ended


def words(answer: Accepted | Refused) -> str:
    assert isinstance(answer, Refused), answer
    return str(answer)


async def test_a_sighting_opens_an_incident_and_near_ones_make_it_grow() -> None:
    async with Town().running() as t:
        await t.see(sighting("s1", 0, 0), sighting("s2", 4, 1, drone="d2", after_s=5), sighting("far", 500, 0))
        await t.see(sighting("s3", 2, 0, drone="d2", after_s=8))
        assert [f.incident for f in await t.facts(IncidentOpened)] == ["i-s1", "i-far"]
        grown = await t.facts(IncidentGrew)
        assert [(g.incident, g.cause, g.count) for g in grown] == [("i-s1", "s2", 2), ("i-s1", "s3", 3)]
        assert distance_m(grown[-1].place, at(1.8, 0.3)) < 1.0
        assert grown[-1].covariance.ellipse_95()[0] < sighting("s").covariance.ellipse_95()[0]
        camera = (await t.facts(IncidentOpened))[0].camera
        assert camera == "cam-n"


async def test_a_restart_answers_what_nobody_answered_exactly_once() -> None:
    log = MemoryLog()
    await log.append(T0, sighting("s1"), sighting("s2", 300, 0))
    async with Town(log).running():
        pass
    async with Town(log).running() as again:
        await again.settle()
        assert [f.incident for f in await again.facts(IncidentOpened)] == ["i-s1", "i-s2"]
        assert await again.facts(IncidentGrew) == []


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(-60, 60), st.floats(-60, 60)), max_size=12), st.integers(0, 12))
@settings(max_examples=25, deadline=None)
def test_a_crash_anywhere_leaves_the_same_incidents_as_no_crash(seen, cut: int) -> None:
    made = [sighting(f"s{i}", x, y, track=f"k{t}", drone=f"d{t % 2}", after_s=i) for i, (t, x, y) in enumerate(seen)]

    async def run(crash: bool) -> list:
        log = MemoryLog()
        for i, one in enumerate(made):
            town = Town(log)
            if crash and i == cut:
                await log.append(T0, one)
                continue
            async with town.running():
                await log.append(T0, one)
                await town.settle()
        async with Town(log).running() as last:
            await last.settle()
            return await last.facts(IncidentOpened, IncidentGrew)

    straight = asyncio.run(run(False))
    crashed = asyncio.run(run(True))
    causes = [f.cause for f in crashed]
    assert sorted(causes) == sorted(set(causes)), "a cause was answered twice"
    assert [f.cause for f in straight] == causes
    assert straight == crashed


async def test_a_dismissed_spot_stays_quiet_for_its_track_only_and_for_a_while() -> None:
    async with Town().running() as t:
        await t.see(sighting("s1", track="rock"))
        assert isinstance(await t.ask(DismissIncident("i-s1", "ana", "warm rock")), Accepted)
        await t.see(sighting("s2", 1, 0, track="rock", after_s=60))
        assert len(await t.facts(IncidentOpened)) == 1
        await t.see(sighting("s3", 1, 0, track="other", after_s=61))
        assert [f.incident for f in await t.facts(IncidentOpened)] == ["i-s1", "i-s3"]
        await t.ask(DismissIncident("i-s3", "ana", "the rock again"))
        await t.see(sighting("s4", 200, 0, track="rock", after_s=62))
        assert (await t.facts(IncidentOpened))[-1].incident == "i-s4", "what moves away is no rock"
        t.clock.time += 1801
        await t.see(sighting("s5", 1, 0, track="other", after_s=2000))
        assert (await t.facts(IncidentOpened))[-1].incident == "i-s5"


async def test_our_own_units_open_no_incident() -> None:
    async with Town().running() as t:
        await t.place("u1", 3, 3)
        await t.see(sighting("s1", 0, 0), sighting("s2", 100, 0))
        assert [f.incident for f in await t.facts(IncidentOpened)] == ["i-s2"]


async def test_an_alarm_opens_an_incident_of_its_kind_with_the_nearest_camera_that_looks_there() -> None:
    async with Town().running() as t:
        wish = RaiseAlarm("a-1", "site-1", "smoke-1", AlarmKind.SMOKE, T0)
        assert await t.ask(wish) == await t.ask(wish) == Accepted("a-1")
        await t.settle()
        assert len(await t.facts(AlarmRaised)) == 1
        (opened,) = await t.facts(IncidentOpened)
        assert (opened.incident, opened.kind, opened.camera) == ("i-a-1", "smoke", "cam-n")
        await t.ask(RaiseAlarm("a-2", "site-1", "smoke-1", AlarmKind.SMOKE, T0))
        await t.ask(RaiseAlarm("a-3", "site-1", "gas-1", AlarmKind.GAS, T0))
        await t.settle()
        assert [f.incident for f in await t.facts(IncidentGrew)] == ["i-a-1"]
        assert [f.kind for f in await t.facts(IncidentOpened)] == ["smoke", "gas"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"site": "x"}, "site"),
        ({"device": "x"}, "device"),
        ({"kind": AlarmKind.GAS}, "kind"),
        ({"at": T0 + 600}, "at"),
        ({"at": T0 - 90_000}, "at"),
        ({"place": at(0, 9000)}, "lat_deg"),
    ],
)
async def test_a_wrong_alarm_is_refused_by_field(changes, field: str) -> None:
    wish = {"alarm": "a-1", "site": "site-1", "device": "smoke-1", "kind": AlarmKind.SMOKE, "at": T0} | changes
    t = Town()
    assert words(await t.ask(RaiseAlarm(**wish))).startswith(field)
    assert t.log.last_seq() == 0


async def test_the_nearest_free_unit_goes_and_is_busy_then() -> None:
    async with Town().running() as t:
        await t.see(sighting("s1", 0, 0), sighting("s2", 1000, 0))
        assert "no unit is free" in words(await t.ask(SendUnit("t-1", "i-s1", "ana")))
        await t.place("u1", 0, 400)
        await t.place("u2", 0, 300)
        wish = SendUnit("t-1", "i-s1", "ana")
        assert await t.ask(wish) == await t.ask(wish) == Accepted("t-1")
        (sent,) = await t.facts(UnitSent)
        assert sent.unit == "u2"
        assert sent.eta_s == pytest.approx(250, rel=0.01)
        assert "busy with i-s1" in words(await t.ask(SendUnit("t-2", "i-s2", "ana", "u2")))
        assert "another task" in words(await t.ask(SendUnit("t-1", "i-s2", "ana")))
        assert "u9 is unknown" in words(await t.ask(SendUnit("t-3", "i-s2", "ana", "u9")))
        assert "unknown" in words(await t.ask(SendUnit("t-4", "i-nope", "ana")))
        assert isinstance(await t.ask(SendUnit("t-5", "i-s2", "ana")), Accepted)
        assert [f.unit for f in await t.facts(UnitSent)] == ["u2", "u1"]


async def _sent(t: Town, *seen) -> None:
    await t.see(*(seen or [sighting("s1", 0, 0)]))
    await t.place("u1", 0, 400)
    await t.ask(SendUnit("t-1", "i-s1", "ana"))


async def test_a_unit_is_led_there_and_finds_the_person() -> None:
    async with Town().running() as t:
        await _sent(t)
        assert "accept the task first" in words(await t.ask(ArriveAtTask("t-1", "u1", at(0, 0))))
        assert "not the task of u2" in words(await t.ask(AcceptTask("t-1", "u2")))
        assert isinstance(await t.ask(AcceptTask("t-1", "u1")), Accepted)
        assert isinstance(await t.ask(AcceptTask("t-1", "u1")), Accepted)
        assert "still 2" in words(await t.ask(ArriveAtTask("t-1", "u1", at(0, 250))))
        assert isinstance(await t.ask(ArriveAtTask("t-1", "u1", at(0, 90))), Accepted)
        assert isinstance(await t.ask(ClearTask("t-1", "u1", TaskOutcome.PERSON_FOUND)), Accepted)
        assert isinstance(await t.ask(ClearTask("t-1", "u1", TaskOutcome.PERSON_FOUND)), Accepted)
        assert [f.by for f in await t.facts(IncidentConfirmed)] == ["u1"]
        assert "the task is cleared" in words(await t.ask(ClearTask("t-1", "u1", TaskOutcome.HANDLED)))


@pytest.mark.parametrize(
    ("outcome", "kind"), [(TaskOutcome.NOTHING_FOUND, IncidentDismissed), (TaskOutcome.HANDLED, IncidentClosed)]
)
async def test_what_the_unit_found_ends_the_incident_and_frees_the_others(outcome: TaskOutcome, kind: type) -> None:
    async with Town().running() as t:
        await _sent(t)
        await t.place("u2", 0, 600)
        await t.ask(SendUnit("t-2", "i-s1", "ana", "u2"))
        await t.ask(AcceptTask("t-1", "u1"))
        if outcome is TaskOutcome.NOTHING_FOUND:
            assert "go there" in words(await t.ask(ClearTask("t-1", "u1", outcome)))
        await t.ask(ArriveAtTask("t-1", "u1", at(0, 0)))
        assert isinstance(await t.ask(ClearTask("t-1", "u1", outcome)), Accepted)
        (ended,) = await t.facts(kind)
        if isinstance(ended, IncidentDismissed):
            assert ended.reason == NOTHING_FOUND
        assert [(f.task, f.outcome) for f in await t.facts(TaskCleared)] == [("t-1", outcome), ("t-2", "recalled")]
        assert t.desk.roster.busy == {}


async def test_dismissing_or_closing_frees_the_units() -> None:
    for wish in (DismissIncident("i-s1", "ana", "deer"), CloseIncident("i-s1", "ana")):
        async with Town().running() as t:
            await _sent(t)
            await t.ask(ConfirmIncident("i-s1", "ana"))
            assert isinstance(await t.ask(wish), Accepted)
            assert [f.outcome for f in await t.facts(TaskCleared)] == ["recalled"]


async def test_sending_by_the_settings_goes_on_to_the_next_unit_when_one_does_not_answer() -> None:
    async with Town(auto=True).running() as t:
        await t.place("u1", 0, 400)
        await t.place("u2", 0, 900)
        await t.see(sighting("s1"))
        assert [(f.task, f.unit, f.by) for f in await t.facts(UnitSent)] == [("t-i-s1", "u1", "auto")]
        t.clock.time += 31
        await t.place("u2", 0, 899)
        await t.see(sighting("far", 90, 5000, after_s=31))
        sent = [(f.task, f.unit) for f in await t.facts(UnitSent) if f.incident == "i-s1"]
        assert sent == [("t-i-s1", "u1"), ("t-i-s1-2", "u2")]
        await t.ask(AcceptTask("t-i-s1-2", "u2"))
        t.clock.time += 100
        await t.see(sighting("s9", 1, 1, after_s=140))
        assert [f.task for f in await t.facts(UnitSent) if f.incident == "i-s1"] == ["t-i-s1", "t-i-s1-2"]


async def test_a_full_disk_refuses_the_wish_and_the_sighting_waits_for_room() -> None:
    class FullLog(MemoryLog):
        full = False

        async def append(self, now, *facts) -> int:
            if self.full and not any(type(f).__name__ == "SightingMade" for f in facts):
                raise Fault("disk full")
            return await super().append(now, *facts)

    log = FullLog()
    async with Town(log).running() as t:
        await t.see(sighting("s1"))
        log.full = True
        with pytest.raises(Fault):
            await t.ask(ConfirmIncident("i-s1", "ana"))
        await t.see(sighting("s2", 400, 0))
        assert len(await t.facts(IncidentOpened)) == 1
        log.full = False
        await t.see(sighting("s3", 800, 0))
        assert [f.incident for f in await t.facts(IncidentOpened)] == ["i-s1", "i-s2", "i-s3"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"unit": "u9"}, "unit"), ({"at": T0 + 999}, "at"), ({"at": float("nan")}, "at"),
     ({"heading_deg": 400.0}, "heading_deg"), ({"speed_mps": float("nan")}, "speed_mps")],
)  # fmt: skip
async def test_a_wrong_position_is_refused_by_field(changes, field: str) -> None:
    t = Town()
    wish = ReportUnit(**({"unit": "u1", "place": at(0, 0), "at": T0} | changes))
    assert words(await t.ask(wish)).startswith(field)
    assert t.trail.newest() == {}
