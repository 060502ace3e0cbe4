"""What the desk is told: wishes with what is known, telemetry, the tick, and how its own effects went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.commands import ApproveSearch, Hold, JoinSearch, ResumeSearch, Return, SearchArea, StopSearch
from core.drone import DroneState
from core.errors import Refused
from core.events import Order, ReplanCause, SearchPlan
from core.geo import LatLon
from core.ids import DroneId, PersonName, SearchId, SectorId
from core.units import UtcSeconds
from flightops.redeal.deal import Deal

Wish = SearchArea | ApproveSearch | StopSearch | Hold | Return | ResumeSearch | JoinSearch
States = Mapping[DroneId, DroneState]


@dataclass(frozen=True, slots=True)
class Asked:
    """A wish, and every drone as last heard."""

    wish: Wish
    states: States


@dataclass(frozen=True, slots=True)
class Planned:
    """What the planner made of a search order. `auto`: it flies without a pilot's click."""

    order: SearchArea
    result: SearchPlan | Refused
    states: States
    auto: bool = False


@dataclass(frozen=True, slots=True)
class Bettered:
    """What more effort made of an order whose plan nobody has approved yet."""

    search: SearchId
    plan: SearchPlan


@dataclass(frozen=True, slots=True)
class Tick:
    """The control loop's look at the links. A drone not heard since the desk woke counts as heard at `woke`.
    `dealing`: searches of which something is being dealt out again, so that they are not over."""

    states: States
    woke: UtcSeconds
    dealing: frozenset[SearchId] = frozenset()


@dataclass(frozen=True, slots=True)
class Uploading:
    """The runner begins with a sector."""

    search: SearchId
    sector: SectorId
    drone: DroneId


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The mission is on board, read back and compared; what else it says is that of `MissionUploaded`."""

    search: SearchId
    sector: SectorId
    drone: DroneId
    items: int
    digest: str
    sweep_from: int | None = None
    sweep_to: int | None = None
    out: tuple[LatLon, ...] = ()
    back: tuple[LatLon, ...] = ()


@dataclass(frozen=True, slots=True)
class NotFlown:
    """The runner gives a sector up before it flies; `reason` in words a pilot can read aloud."""

    search: SearchId
    sector: SectorId
    drone: DroneId
    reason: str


@dataclass(frozen=True, slots=True)
class Orphaned:
    """After a restart this drone was found on the ground with a sector that nobody will start."""

    drone: DroneId


@dataclass(frozen=True, slots=True)
class Breached:
    """A safety rule says `order` for this drone, in `words`."""

    drone: DroneId
    order: Order
    words: str


@dataclass(frozen=True, slots=True)
class NotResumed:
    """A drone that holds did not go on with its mission."""

    drone: DroneId
    reason: str


@dataclass(frozen=True, slots=True)
class Dealt:
    """What sectors had left was dealt out. `drones`: who left, or was added; `by`: AUTO, or who asked for the drones
    that are to take off."""

    search: SearchId
    cause: ReplanCause
    drones: tuple[DroneId, ...]
    deal: Deal
    reason: str
    by: PersonName
    states: States


@dataclass(frozen=True, slots=True)
class Answered:
    """How an order to the drone went."""

    drone: DroneId
    order: Order
    done: bool
    detail: str


Effect = Uploading | Uploaded | NotFlown | NotResumed | Orphaned | Breached | Answered
Message = Asked | Planned | Bettered | Dealt | Tick | DroneState | Effect
