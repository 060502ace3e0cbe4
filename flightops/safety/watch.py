"""Which drones the safety rules look at, with what context, and what they have seen so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.drone import FlightMode
from core.events import Phase
from core.geo import LatLon
from core.ids import DroneId
from core.units import Seconds, UtcSeconds
from flightops.fleet.messages import Breached, States
from flightops.fleet.state import Drone, FleetState, OnBoard, Search
from flightops.missions.items import transit_line
from flightops.missions.sorties import home_of
from flightops.safety.fence import fence_for
from flightops.safety.rules import NOTHING, Context, Standing, verdict

SETTLE_S = Seconds(5.0)
"""After a start, silence says nothing yet: judging begins this much later, and only for drones heard since."""
JUDGED = frozenset({Phase.TAKING_OFF, Phase.TRANSIT, Phase.SWEEPING, Phase.HOLDING})


def orphans(fleet: FleetState) -> set[DroneId]:
    """Drones with a sector to fly that had not taken off when the log was last written."""
    waiting = (Phase.GROUNDED, Phase.UPLOADING)
    return {d for d, drone in fleet.drones.items() if drone.phase in waiting and fleet.task_of(d) is not None}


@dataclass
class Watch:
    """Keeps, for each drone on a search, its context (fence, home) and since when each rule is broken."""

    endurance_s: float
    woke: UtcSeconds
    contexts: dict[DroneId, tuple[OnBoard, Context]] = field(default_factory=dict)
    standing: dict[DroneId, Standing] = field(default_factory=dict)

    def look(self, fleet: FleetState, states: States, now: UtcSeconds) -> list[Breached]:
        """What must be ordered now. Drones flown by hand, on the ground or going home are left alone."""
        found: list[Breached] = []
        for drone in fleet.drones.values():
            state = states.get(drone.drone)
            context = self._context(fleet, drone, states)
            by_hand = state is not None and state.mode is not None and state.mode.value is FlightMode.MANUAL
            if state is None or context is None or by_hand or now - self.woke < SETTLE_S:
                self.standing.pop(drone.drone, None)
                continue
            seen = verdict(state, context, self.standing.get(drone.drone, NOTHING), now)
            self.standing[drone.drone] = seen.standing
            if seen.order is not None:
                found.append(Breached(drone.drone, seen.order, seen.words))
        return found

    def _context(self, fleet: FleetState, drone: Drone, states: States) -> Context | None:
        """None when the drone is not flying a sector of ours, nor between two of them."""
        task, mission = fleet.task_of(drone.drone), drone.mission
        if task is None or mission is None or mission.search != task[0].search or drone.phase not in JUDGED:
            self.contexts.pop(drone.drone, None)
            return None
        old = self.contexts.get(drone.drone)
        if old is not None and old[0] == mission:
            return old[1]
        search, _ = task
        home = home_of(states.get(drone.drone))
        if search.area is None or search.plan is None:
            return None
        fence = fence_for(search.area, *_ways(search, mission, home))
        context = Context(fence, home, search.plan.speed_mps, self.endurance_s)
        if home is not None:
            self.contexts[drone.drone] = (mission, context)
        return context


def _ways(search: Search, mission: OnBoard, home: LatLon | None) -> tuple[tuple[LatLon, ...], ...]:
    """The ways there and back on board: also after its sweep, until the next mission is. Straight ones in facts of
    before ways were kept."""
    if mission.out and mission.back:
        return mission.out, mission.back
    status = search.status(mission.sector)
    if status is None:
        return ()
    path = status.sector.path
    return (path[:1] + path[-1:] if home is None else transit_line(home, status.sector),)
