"""What flights take out of the battery, and how far along a sweep a drone may go before it must turn home.

Power is hover power, plus drag that grows with the cube of the airspeed (ground velocity less wind), plus lift while
climbing. Planned flights keep their airspeed (`paths.timing`): against the wind they take longer at the same power, and
hovering takes what holding still against it does. No credit is given for what a real quadrotor saves: translational
lift at 5 to 10 m/s, and sinking. The rule is that of the safety room: at every moment what is left covers the way home
1.3 times and leaves 15 % of the battery.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from core.errors import Malformed, Refused
from core.geo import Floats
from core.units import finite, positive, within
from flightops.planning.airspace.timed import Course, Flight, Phase, Rates, Ways, straight_way, timed_flight
from flightops.planning.paths.timing import STILL, Pace, length_m

RETURN_MARGIN = 1.3
"""The way home counts this much more (see flightops.safety.preflight)."""
RESERVE = 0.15
"""Share of the battery that is not for flying."""
CHECK_S = 1.0
CUT_M = 1.0
MOST_SORTIES = 200
OVER_HOME_M = 5.0
"""Nearer to home than this, seen from above, a drone only lands."""
_GAUSS = np.array([-np.sqrt(0.6), 0.0, np.sqrt(0.6)]) / 2 + 0.5, np.array([5.0, 8.0, 5.0]) / 18


@dataclass(frozen=True, slots=True)
class EnergyModel:
    """A quadrotor of some 4 kg with a thermal camera; set it from a log of the drone that is flown.

    `cruise_w` at an airspeed of `cruise_mps`, `climb_w` while climbing at `climb_mps` in still air.
    """

    battery_wh: float = 270.0
    hover_w: float = 480.0
    cruise_w: float = 520.0
    cruise_mps: float = 12.0
    climb_w: float = 640.0
    climb_mps: float = 2.5
    most_airspeed_mps: float = 20.0

    def __post_init__(self) -> None:
        for name in ("battery_wh", "hover_w", "cruise_w", "cruise_mps", "climb_w", "climb_mps", "most_airspeed_mps"):
            positive(name, getattr(self, name))
        for name in ("cruise_w", "climb_w"):
            if getattr(self, name) < self.hover_w:
                raise Malformed(name, f"{getattr(self, name):g} W is less than hovering takes", "take hover_w or more")
        if self.most_airspeed_mps < self.cruise_mps:
            raise Malformed("most_airspeed_mps", "it is less than cruise_mps", "give the greater of the two")

    def power_w(self, velocity: Floats, wind_mps: tuple[float, float]) -> Floats:
        """Ground velocity east, north, up (n, 3) m/s -> (n,) W; `wind_mps`: what the air moves by, east and north."""
        air = np.hypot(velocity[:, 0] - wind_mps[0], velocity[:, 1] - wind_mps[1])
        drag = (self.cruise_w - self.hover_w) * (air / self.cruise_mps) ** 3
        lift = (self.climb_w - self.hover_w) * np.maximum(velocity[:, 2], 0.0) / self.climb_mps
        total: Floats = self.hover_w + drag + lift
        return total


@dataclass(frozen=True, slots=True)
class Aircraft:
    """What a drone flies with: battery and power, pace (with the wind), climb rates, transit height m AMSL.

    `detour_m`: ways home may be this many metres, flown through the air, longer than straight (round no-fly zones).
    """

    transit_amsl_m: float
    pace: Pace = field(default_factory=Pace)
    rates: Rates = field(default_factory=Rates)
    model: EnergyModel = field(default_factory=EnergyModel)
    detour_m: float = 0.0

    def __post_init__(self) -> None:
        finite("transit_amsl_m", self.transit_amsl_m)
        within("detour_m", self.detour_m, 0.0, 1e6)
        if self.pace.speed_mps > self.model.most_airspeed_mps:
            problem = f"{self.pace.speed_mps:g} m/s through the air is more than {self.model.most_airspeed_mps:g} m/s"
            raise Malformed("speed_mps", problem, "plan a lower speed")

    def home_wh(self, place: Floats, home: Floats) -> Floats:
        """Energy (n,) Wh to be back on the ground at home (3,) from places (n, 3): up or down, straight, down.

        The wind counts as met on the straight way, but never as help: a drone that is called home may hold its speed
        over the ground, so with the wind behind the way is priced as in still air.
        """
        away = home[:2] - place[:, :2]
        far = np.hypot(away[:, 0], away[:, 1])
        cruise = self.model.power_w(np.array([[self.pace.speed_mps, 0.0, 0.0]]), STILL)[0]
        beside = np.where(far > OVER_HOME_M, self.detour_m, 0.0)
        total = cruise * (self.pace.run_s(far + beside) + np.maximum(self.pace.drift_s(away), 0.0))
        to = np.where(far > OVER_HOME_M, np.maximum(self.transit_amsl_m, place[:, 2]), place[:, 2])
        for rise, rate in ((to - place[:, 2], self.rates.climb_mps), (home[2] - to, -self.rates.sink_mps)):
            upright = self.model.power_w(np.array([[0.0, 0.0, rate]]), self.pace.wind_mps)[0]
            total = total + upright * np.maximum(rise / rate, 0.0)
        found: Floats = total / 3600.0
        return found


def used_wh(flight: Flight, aircraft: Aircraft) -> tuple[Floats, Floats]:
    """Times (n,) s from take-off to landing, CHECK_S or less apart, and energy used until then (n,) Wh."""
    knots = flight.track.t_s
    fine = [np.linspace(a, b, int(np.ceil((b - a) / CHECK_S)) + 1)[:-1] for a, b in pairwise(knots)]
    times = np.concatenate([*fine, knots[-1:]])
    share, weight = _GAUSS
    at = times[:-1, None] + np.diff(times)[:, None] * share
    power = aircraft.model.power_w(flight.track.speed_at(at.ravel()), aircraft.pace.wind_mps).reshape(at.shape)
    spent = (power * weight).sum(axis=1) * np.diff(times) / 3600.0
    return times, np.concatenate([[0.0], np.cumsum(spent)])


def spare_wh(flight: Flight, aircraft: Aircraft) -> tuple[Floats, Floats]:
    """Times (n,) s, CHECK_S or less apart, and what the battery holds over the rule then (n,) Wh; below 0: broken."""
    times, used = used_wh(flight, aircraft)
    home = flight.track.place[0]
    needed = RETURN_MARGIN * aircraft.home_wh(flight.at(times), home)
    model = aircraft.model
    return times, model.battery_wh * (1.0 - RESERVE) - used - needed


def too_far(flight: Flight, aircraft: Aircraft) -> Refused | None:
    """Why a full battery is not enough for a flight; None when it is."""
    times, spare = spare_wh(flight, aircraft)
    broken = np.flatnonzero(spare < 0.0)
    if not len(broken):
        return None
    at = float(times[broken[0]]) - flight.start_s
    problem = (
        f"{flight.drone} must turn home {at:.0f} s after take-off, and its flight takes {times[-1] - times[0]:.0f} s"
    )
    return Refused.because("area", problem, "draw a smaller area, send more drones, or fly it in sorties")


def endurance_cut(course: Course, aircraft: Aircraft, ways: Ways = straight_way) -> float | Refused:
    """How far along the sweep, m seen from above, a drone with a full battery may go before it must turn home.

    The sweep's length when it may fly all of it. From where it turns, it flies home by `ways`. Refused when it may not
    even begin.
    """
    whole = length_m(course.sweep[:, :2])
    if _fits(course, aircraft):
        return whole

    def fits(along_m: float) -> bool:
        return _fits(_part(course, _cut(course.sweep, along_m)[0], ways, back=False), aircraft)

    low, high = 0.0, min(whole, _first_broken_m(course, aircraft))
    if not fits(min(CUT_M, whole)):
        far = float(np.hypot(*(course.sweep[0, :2] - course.home[:2])))
        problem = f"{course.drone} cannot sweep anything {far:.0f} m from home with one battery"
        return Refused.because("home", problem, "bring its home nearer, or take a larger battery")
    while high - low > CUT_M:
        middle = (low + high) / 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return max(low, min(CUT_M, whole))


def legs_by_battery(course: Course, aircraft: Aircraft, ways: Ways = straight_way) -> tuple[Course, ...] | Refused:
    """The course as sorties, each flown with a full battery: the next one goes on where the last one turned home.

    The first way out and the last way back are the course's own, the others come from `ways`.
    """
    sorties: list[Course] = []
    left = course
    while len(sorties) < MOST_SORTIES:
        cut = endurance_cut(left, aircraft, ways)
        if isinstance(cut, Refused):
            return cut
        if cut >= length_m(left.sweep[:, :2]):
            return (*sorties, left)
        done, sweep = _cut(left.sweep, cut)
        sorties.append(_part(left, done, ways, back=False))
        left = _part(left, sweep, ways, back=True)
    return Refused.because("area", f"{course.drone} would fly over {MOST_SORTIES} sorties", "send more drones")


def _first_broken_m(course: Course, aircraft: Aircraft) -> float:
    """How far along the sweep the rule is first broken when all of it is flown, m."""
    flight = timed_flight(course, aircraft.transit_amsl_m, aircraft.pace, aircraft.rates)
    times, spare = spare_wh(flight, aircraft)
    start, end = flight.span_s(Phase.SWEEP)
    broken = times[spare < 0.0]
    if not len(broken) or broken[0] >= end:
        return np.inf
    flown = flight.at(times[(times >= start) & (times <= broken[0])])[:, :2]
    return length_m(flown) + (aircraft.pace.speed_mps + float(np.hypot(*aircraft.pace.wind_mps))) * CHECK_S


def _fits(course: Course, aircraft: Aircraft) -> bool:
    """Whether the rule holds on the whole flight of a course."""
    flight = timed_flight(course, aircraft.transit_amsl_m, aircraft.pace, aircraft.rates)
    return bool((spare_wh(flight, aircraft)[1] >= 0.0).all())


def _cut(path: Floats, along_m: float) -> tuple[Floats, Floats]:
    """The path (n, 3) up to a place m along it, and from there on."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path[:, :2], axis=0).T))])
    place = np.array([[np.interp(along_m, along, path[:, k]) for k in range(3)]])
    before, after = path[along < along_m - 1e-6], path[along > along_m + 1e-6]
    return np.concatenate([before, place]), np.concatenate([place, after])


def _part(course: Course, sweep: Floats, ways: Ways, *, back: bool) -> Course:
    """The course with part of its sweep; its own way back (`back`) or out is kept."""
    home = course.home[:2]
    if back:
        return Course(course.drone, course.home, ways(home, sweep[0, :2]), sweep, course.back)
    return Course(course.drone, course.home, course.out, sweep, ways(sweep[-1, :2], home))
