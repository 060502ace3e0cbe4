"""The desk's front door: what a message means for the fleet, as facts. Pure."""

from __future__ import annotations

from typing import assert_never

from core.drone import DroneState
from core.events import (
    AUTO,
    DronePhaseChanged,
    DroneWarned,
    Fact,
    MissionUploaded,
    OrderAnswered,
    OrderGiven,
    Phase,
)
from core.units import UtcSeconds
from flightops.fleet.machine import BREACHED, TABLE, Sign
from flightops.fleet.messages import (
    Answered,
    Asked,
    Bettered,
    Breached,
    Dealt,
    Effect,
    Message,
    NotFlown,
    NotResumed,
    Orphaned,
    Planned,
    Tick,
    Uploaded,
    Uploading,
)
from flightops.fleet.state import IN_AIR, FleetState
from flightops.fleet.telemetry import decide_telemetry, decide_tick, orphan_facts
from flightops.fleet.wishes import ANSWER_S, decide_bettered, decide_planned, decide_wish, failed, phase_facts
from flightops.redeal.decide import decide_dealt


def decide(fleet: FleetState, message: Message, now: UtcSeconds) -> tuple[Fact, ...]:
    """Facts that follow from `message`, to be appended together; empty when it is no news."""
    match message:
        case Asked():
            return decide_wish(fleet, message.wish, message.states, now)
        case Planned():
            return decide_planned(fleet, message, now)
        case Bettered():
            return decide_bettered(fleet, message)
        case Dealt():
            return decide_dealt(fleet, message, now)
        case DroneState():
            return decide_telemetry(fleet, message, now)
        case Tick():
            return decide_tick(fleet, message, now)
        case _:
            return _after_effect(fleet, message, now)


def _after_effect(fleet: FleetState, message: Effect, now: UtcSeconds) -> tuple[Fact, ...]:
    """How one of the desk's own effects went."""
    match message:
        case Uploading():
            return _uploading(fleet, message)
        case Uploaded():
            return _uploaded(fleet, message)
        case NotFlown():
            return _not_flown(fleet, message)
        case NotResumed():
            return _not_resumed(fleet, message)
        case Orphaned():
            drone = fleet.drones.get(message.drone)
            return () if drone is None else orphan_facts(fleet, drone)
        case Breached():
            return _breached(fleet, message, now)
        case Answered() as m:
            return _answered(fleet, m)
        case _ as never:
            assert_never(never)


def _is_open(fleet: FleetState, message: Uploading | Uploaded | NotFlown) -> bool:
    """Whether the drone still has this very sector to fly."""
    task = fleet.task_of(message.drone)
    return (
        task is not None and task[0].search == message.search and task[1].sector.sector == message.sector
    ) and message.drone in fleet.drones


def _uploading(fleet: FleetState, message: Uploading) -> tuple[Fact, ...]:
    if not _is_open(fleet, message):
        return ()
    drone = fleet.drones[message.drone]
    if drone.phase in IN_AIR:
        words = f"it hovers while the mission of sector {message.sector} goes on board"
        known = drone.phase is Phase.HOLDING and drone.phase_reason == words
        return () if known else (DronePhaseChanged(drone.drone, Phase.HOLDING, words),)
    return phase_facts(drone, Sign.UPLOAD, f"mission for sector {message.sector}")


def _uploaded(fleet: FleetState, message: Uploaded) -> tuple[Fact, ...]:
    old = fleet.drones[message.drone].mission if message.drone in fleet.drones else None
    known = old is not None and (old.search, old.sector) == (message.search, message.sector)
    if known or not _is_open(fleet, message):
        return ()
    ids, ways = (message.search, message.sector, message.drone), (message.out, message.back)
    return (MissionUploaded(*ids, message.items, message.digest, message.sweep_from, message.sweep_to, *ways),)


def _not_flown(fleet: FleetState, message: NotFlown) -> tuple[Fact, ...]:
    drone = fleet.drones.get(message.drone)
    phase = () if drone is None else phase_facts(drone, Sign.NOT_FLOWN, message.reason)
    if not _is_open(fleet, message):
        return phase
    return (*failed(fleet, message.drone, message.reason), *phase)


def _not_resumed(fleet: FleetState, message: NotResumed) -> tuple[Fact, ...]:
    drone = fleet.drones.get(message.drone)
    if drone is None or drone.phase is not Phase.HOLDING:
        return ()
    words = f"it did not go on with its sector: {message.reason}"
    return (DroneWarned(message.drone, words), DronePhaseChanged(message.drone, Phase.HOLDING, words))


def _breached(fleet: FleetState, message: Breached, now: UtcSeconds) -> tuple[Fact, ...]:
    """A breach is an order by the system, unless the table says that the drone already does as much."""
    drone = fleet.drones.get(message.drone)
    if drone is None:
        return ()
    sign = BREACHED[message.order]
    after = TABLE[drone.phase, sign]
    last = drone.order
    tried = last is not None and last.order is message.order and (last.done or now - last.at < ANSWER_S)
    if after is drone.phase and (after is not Phase.HOLDING or tried):
        return ()
    order = OrderGiven(message.drone, message.order, AUTO)
    warned = DroneWarned(message.drone, message.words)
    change = () if after is drone.phase else (DronePhaseChanged(message.drone, after, message.words),)
    return (warned, order, *change)


def _answered(fleet: FleetState, message: Answered) -> tuple[Fact, ...]:
    drone = fleet.drones.get(message.drone)
    if drone is None or drone.order is None or drone.order.order is not message.order or drone.order.done is not None:
        return ()
    return (OrderAnswered(message.drone, message.order, message.done, message.detail),)
