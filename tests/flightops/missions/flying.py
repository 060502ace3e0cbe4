"""Builders and fakes shared by the flightops tests: states, plans, and a gateway whose drones fly by the clock."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import numpy as np

from core.camera import THERMAL_640, Camera
from core.commands import SearchArea
from core.drone import Aged, Autopilot, Battery, DroneState, FlightMode, Gnss, MissionProgress
from core.errors import Fault, Refused
from core.events import Order, SearchPlan, Sector
from core.geo import Area, GeoPoint, LatLon, LocalFrame
from core.ids import DroneId, PersonName, SearchId, SectorId
from core.terrain import FlatTerrain, GridTerrain
from core.units import MetresAmsl, Seconds, UtcSeconds
from flightops.missions.mission import Mission
from flightops.ports import OrderResult

CENTRE = LatLon(28.9, 120.0)
FRAME = LocalFrame(CENTRE)
FLAT = FlatTerrain(MetresAmsl(100.0))
PILOT = PersonName("chen")
CAMERA = THERMAL_640


def at(x_m: float, y_m: float) -> LatLon:
    return FRAME.to_latlon(x_m, y_m)


AREA = Area((at(100, 100), at(400, 100), at(400, 400), at(100, 400)))


STANDS = {"d2": at(-60, 0), "d3": at(60, 0)}
"""Where drones stand; the others at the centre. Nearer ones would take off one after the other."""


class FakeClock:
    """Time that moves when told to."""

    def __init__(self, start: float = 1_000_000.0) -> None:
        self.time = start

    def now(self) -> UtcSeconds:
        return UtcSeconds(self.time)

    def monotonic(self) -> Seconds:
        return Seconds(self.time)


def state(drone: str, now: float, mode: FlightMode = FlightMode.HOLD, **changes: object) -> DroneState:
    """A healthy drone on the ground at its stand, all fields heard at `now`; `item` and `armed`, `in_air` by name."""
    t = UtcSeconds(now)
    in_air = bool(changes.pop("in_air", False))
    armed = bool(changes.pop("armed", in_air))
    item = changes.pop("item", None)
    stand = STANDS.get(drone, CENTRE)
    where = changes.pop("where", stand)
    left = float(changes.pop("battery", 0.9))  # type: ignore[arg-type]
    assert isinstance(where, LatLon)
    made = DroneState(
        DroneId(drone),
        1,
        Autopilot.PX4,
        t,
        version="1.17.0",
        place=Aged(GeoPoint(where.lat_deg, where.lon_deg, MetresAmsl(100.0)), t),
        battery=Aged(Battery(left), t),
        gnss=Aged(Gnss(3, 14), t),
        mode=Aged(mode, t),
        armed=Aged(armed, t),
        in_air=Aged(in_air, t),
        home=Aged(GeoPoint(stand.lat_deg, stand.lon_deg, MetresAmsl(100.0)), t),
        mission=None if item is None else Aged(MissionProgress(int(item), 99), t),  # type: ignore[call-overload]
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def order(search: str = "s1", drones: tuple[str, ...] = ()) -> SearchArea:
    return SearchArea(SearchId(search), AREA, PILOT, tuple(DroneId(d) for d in drones))


def plan_for(search: str, drones: tuple[str, ...]) -> SearchPlan:
    """Each drone flies up one column and down the next."""
    sectors = []
    for i, d in enumerate(drones):
        x = 120.0 + 60.0 * i
        path = (at(x, 110), at(x, 390), at(x + 30, 390), at(x + 30, 110))
        sectors.append(Sector(SectorId(f"{search}.{i + 1}"), DroneId(d), path, 590.0, 60.0))
    return SearchPlan(49.0, 12.0, 60.0, -90.0, 0.99, tuple(sectors))


def tiny_planner(
    order: SearchArea, drones: tuple[tuple[DroneId, LatLon | None], ...], camera: Camera
) -> SearchPlan | Refused:
    """A real plan for AREA; other areas are refused."""
    if order.area != AREA:
        return Refused.because("area", "it is not the test's area", "use AREA")
    return plan_for(order.search, tuple(d for d, _ in drones))


@dataclass
class FakeVehicle:
    """Keeps the mission it was given. `faults`: uploads that fail before one succeeds."""

    drone: str
    calls: list[str] = field(default_factory=list)
    faults: int = 0
    fly_fault: str = ""
    begin_fault: str = ""
    mission: Mission | None = None

    async def upload(self, mission: Mission) -> str:
        self.calls.append("upload")
        await asyncio.sleep(0)
        if self.faults > 0:
            self.faults -= 1
            raise Fault("MISSION_ACK error 13 (no space)")
        self.mission = mission
        return mission.digest

    async def fly(self) -> None:
        self.calls.append("fly")
        await asyncio.sleep(0)
        if self.fly_fault:
            raise Fault(self.fly_fault)

    async def resume(self) -> None:
        self.calls.append("resume")
        await asyncio.sleep(0)

    async def begin(self) -> None:
        self.calls.append("begin")
        await asyncio.sleep(0)
        if self.begin_fault:
            raise Fault(self.begin_fault)

    async def holds(self, mission: Mission) -> bool:
        self.calls.append("holds")
        await asyncio.sleep(0)
        return self.mission == mission


@dataclass
class FakeGateway:
    """Counts beats, records orders."""

    vehicles: dict[str, FakeVehicle] = field(default_factory=dict)
    orders: list[tuple[str, Order]] = field(default_factory=list)
    beats: int = 0
    deaf: bool = False

    def beat(self) -> None:
        self.beats += 1

    async def order(self, drone: DroneId, order: Order) -> OrderResult:
        self.orders.append((drone, order))
        await asyncio.sleep(0)
        if self.deaf:
            raise Fault("the gateway does not answer")
        return OrderResult(True, f"it shows {order}")

    def vehicle(self, drone: DroneId) -> FakeVehicle | None:
        return self.vehicles.get(drone)


def gateway(*drones: str) -> FakeGateway:
    return FakeGateway({d: FakeVehicle(d) for d in drones})


def in_mission(drone: str, now: float, item: int, **changes: object) -> DroneState:
    return state(drone, now, FlightMode.MISSION, in_air=True, item=item, **changes)


def items_of(mission: Mission) -> tuple[int, int]:
    return mission.sweep_from, mission.sweep_to


def hills(seed: int, relief_m: float, step_m: float = 20.0) -> GridTerrain:
    """Smooth random hills, 1.6 km wide: sums of waves of 150 m and longer."""
    rng = np.random.default_rng(seed)
    n = int(1600 / step_m) + 1
    x, y = np.meshgrid(np.arange(n) * step_m, np.arange(n) * step_m)
    height = np.full((n, n), 300.0)
    for _ in range(4):
        length, angle, phase = rng.uniform(150, 900), rng.uniform(0, 7), rng.uniform(0, 7)
        height += relief_m / 4 * np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / length + phase)
    return GridTerrain(FRAME, -800.0, -800.0, step_m, height)
