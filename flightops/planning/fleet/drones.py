"""The drones of a fleet, as planning knows them. Heights are metres above ground that is taken as level."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.errors import Malformed
from core.geo import LatLon
from core.ids import checked_id
from core.units import within
from flightops.planning.airspace.energy import EnergyModel
from flightops.planning.airspace.timed import Rates
from flightops.planning.paths.timing import MOST_WIND_SHARE, STILL, Pace

MOST_DRONES = 200
LEAST_S, MOST_S = 60.0, 36_000.0
FASTEST_MPS = 30.0


@dataclass(frozen=True, slots=True)
class FleetDrone:
    """One drone: speed (through the air) and swath while it sweeps at `height_agl_m`, climb rate.

    `endurance_s`: flight time of a full battery at its speed; None: unknown, its battery is not judged.
    `transit_agl_m`: least height of its transits; None: what separation asks. `wind_mps`: what the air it flies in
    moves by, east and north.
    """

    name: str
    home: LatLon
    speed_mps: float
    swath_m: float
    endurance_s: float | None = None
    climb_mps: float = 2.5
    height_agl_m: float = 60.0
    transit_agl_m: float | None = None
    wind_mps: tuple[float, float] = STILL

    def __post_init__(self) -> None:
        checked_id("fleet.name", self.name)
        limits = (
            ("speed_mps", self.speed_mps, 0.5, FASTEST_MPS),
            ("swath_m", self.swath_m, 1.0, 1000.0),
            ("climb_mps", self.climb_mps, 0.2, 20.0),
            ("height_agl_m", self.height_agl_m, 5.0, 500.0),
            ("endurance_s", self.endurance_s, LEAST_S, MOST_S),
            ("transit_agl_m", self.transit_agl_m, 5.0, 1000.0),
        )
        for name, value, low, high in limits:
            if value is not None:
                within(f"fleet.{self.name}.{name}", value, low, high)
        self._holds_its_ground()

    def _holds_its_ground(self) -> None:
        """Raises Malformed when the wind is stronger than a drone comes home against."""
        wind = math.hypot(*self.wind_mps)
        if not wind <= MOST_WIND_SHARE * self.speed_mps:
            problem = f"{self.speed_mps:g} m/s through the air is too slow against {wind:.1f} m/s of wind"
            until = f"wait until the wind is under {MOST_WIND_SHARE * self.speed_mps:.1f} m/s"
            least = math.ceil(wind / MOST_WIND_SHARE * 10.0) / 10.0 if math.isfinite(wind) else math.inf
            fix = f"fly {self.name} at {least:g} m/s or more, or {until}" if least <= FASTEST_MPS else until
            raise Malformed(f"fleet.{self.name}.speed_mps", problem, fix)

    @property
    def pace(self) -> Pace:
        """How it flies along a path, in the wind."""
        return Pace(self.speed_mps, wind_mps=self.wind_mps)

    @property
    def rates(self) -> Rates:
        """How it climbs and sinks."""
        return Rates(self.climb_mps)

    @property
    def model(self) -> EnergyModel | None:
        """A battery that lasts `endurance_s` at its speed; only shares of it mean anything. None: unknown."""
        if self.endurance_s is None:
            return None
        usual = EnergyModel()
        return EnergyModel(
            battery_wh=usual.cruise_w * self.endurance_s / 3600.0,
            cruise_mps=self.speed_mps,
            climb_mps=self.climb_mps,
            most_airspeed_mps=max(self.speed_mps, usual.most_airspeed_mps),
        )

    def sweeps_like(self, other: FleetDrone) -> bool:
        """Whether both sweep alike, so that one path can be cut between them."""
        return (self.speed_mps, self.swath_m) == (other.speed_mps, other.swath_m)


def checked_fleet(drones: tuple[FleetDrone, ...]) -> tuple[FleetDrone, ...]:
    """The drones when they make a fleet in one wind. Raises Malformed."""
    within("fleet.drones", len(drones), 1, MOST_DRONES)
    names = [d.name for d in drones]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise Malformed("fleet.name", f"{twice[0]!r} is the name of more than one", "give each a name of its own")
    winds = {d.wind_mps for d in drones}
    if len(winds) > 1:
        raise Malformed("fleet.wind_mps", f"{len(winds)} winds over one area", "give all drones the same")
    return drones
