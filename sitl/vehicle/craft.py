"""One vehicle whole: body, battery, gimbal, sensors and autopilot, stepped together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.camera import Pose
from core.drone import Attitude, Velocity
from core.geo import GeoPoint
from core.units import MetresAmsl, MetresPerSecond, Seconds, UtcSeconds, wrap_180, wrap_360
from sitl.vehicle import energy, flight, sensors
from sitl.vehicle.autopilot import receive
from sitl.vehicle.brain import Brain, Seen, Spot, booted
from sitl.vehicle.energy import Charge
from sitl.vehicle.flight import Around, Body, Demand
from sitl.vehicle.guidance import failsafe, pilot
from sitl.vehicle.sensors import STILL, Wander
from sitl.vehicle.spec import Truth, VehicleSpec

GIMBAL_DPS = 45.0
LIFT_OFF_MPS = 0.3


@dataclass(slots=True)
class Craft:
    """A vehicle. `place` is the true one; `jump` a fault added to GNSS."""

    spec: VehicleSpec
    brain: Brain
    body: Body
    charge: Charge
    rng: np.random.Generator
    place: GeoPoint
    ground_m: float
    gust: Wander = STILL
    wander: Wander = STILL
    jump: Wander = STILL
    gimbal_pitch_deg: float = 0.0
    gimbal_yaw_deg: float = 0.0


def built(spec: VehicleSpec, ground_m: float, now: Seconds, utc: UtcSeconds, rng: np.random.Generator) -> Craft:
    """A vehicle just switched on at its home, standing on ground_m AMSL."""
    brain = booted(spec, now, utc, ground_m)
    craft = Craft(
        spec=spec,
        brain=brain,
        body=Body(0.0, 0.0, ground_m, heading_deg=wrap_360(spec.heading_deg)),
        charge=Charge(spec.pack.capacity_wh * spec.pack.left),
        rng=rng,
        place=GeoPoint(spec.home.lat_deg, spec.home.lon_deg, MetresAmsl(ground_m)),
        ground_m=ground_m,
    )
    _sense(craft, _around(craft))
    brain.home = brain.seen.spot
    return craft


def advance(craft: Craft, now: Seconds, dt_s: float) -> None:
    """Let dt_s pass: the autopilot judges and asks, the aircraft moves, the sensors see, messages fall due."""
    brain, spec = craft.brain, craft.spec
    brain.now = now
    failsafe.watch(brain)
    asked = pilot.demand(brain)
    craft.gust = sensors.gusting(craft.gust, spec.wind, dt_s, craft.rng)
    craft.wander = sensors.drifting(craft.wander, spec.errors, dt_s, craft.rng)
    around = _around(craft)
    craft.body = flight.step(craft.body, _true_heading(craft, asked), around, spec.airframe, dt_s)
    if craft.body.broken and brain.armed:
        brain.say("Crash: Disarming", 2)
        brain.armed = False
    draw = energy.power_w(spec.pack, craft.body, flight.airspeed_mps(craft.body, around), brain.armed)
    craft.charge = energy.drained(craft.charge, draw, dt_s)
    _slew_gimbal(craft, dt_s)
    spot = brain.frame.to_latlon(craft.body.x_m, craft.body.y_m)
    craft.place = GeoPoint(spot.lat_deg, spot.lon_deg, MetresAmsl(craft.body.alt_m))
    _sense(craft, around)
    receive.tick(brain)


def truth(craft: Craft) -> Truth:
    """What is really so now."""
    b, at = craft.body, craft.brain.utc
    gimbal = Pose(at, craft.place, wrap_360(b.heading_deg + craft.gimbal_yaw_deg), _true_pitch(craft), 0.0)
    return Truth(
        system_id=craft.spec.system_id,
        at=at,
        place=craft.place,
        velocity=Velocity(MetresPerSecond(b.north_mps), MetresPerSecond(b.east_mps), MetresPerSecond(-b.up_mps)),
        body=Attitude(b.heading_deg, b.pitch_deg, b.roll_deg),
        gimbal=gimbal,
        armed=craft.brain.armed,
        in_air=not b.grounded,
    )


def _true_pitch(craft: Craft) -> float:
    """The optical axis is off from what the gimbal reports by its tilt error."""
    return craft.gimbal_pitch_deg - craft.spec.errors.gimbal_tilt_deg


def _around(craft: Craft) -> Around:
    w = craft.spec.wind
    return Around(w.east_mps + craft.gust.x, w.north_mps + craft.gust.y, craft.ground_m)


def _true_heading(craft: Craft, asked: Demand) -> Demand:
    """The autopilot steers by its compass: what it asks is off by the compass error."""
    if asked.heading_deg is None or craft.spec.errors.compass_deg == 0.0:
        return asked
    heading = asked.heading_deg - craft.spec.errors.compass_deg
    return Demand(asked.east_mps, asked.north_mps, asked.up_mps, heading, asked.motors)


def _slew_gimbal(craft: Craft, dt_s: float) -> None:
    g, cap = craft.brain.gimbal, GIMBAL_DPS * dt_s
    yaw = wrap_180(g.yaw_deg - craft.brain.seen.heading_deg) if g.locked else g.yaw_deg
    craft.gimbal_pitch_deg += min(max(g.pitch_deg - craft.gimbal_pitch_deg, -cap), cap)
    craft.gimbal_yaw_deg = wrap_180(craft.gimbal_yaw_deg + min(max(wrap_180(yaw - craft.gimbal_yaw_deg), -cap), cap))


def _sense(craft: Craft, around: Around) -> None:
    b, e, pack = craft.body, craft.spec.errors, craft.spec.pack
    spot = Spot(
        b.x_m + e.gnss_east_m + craft.wander.x + craft.jump.x,
        b.y_m + e.gnss_north_m + craft.wander.y + craft.jump.y,
        b.alt_m + e.gnss_up_m + craft.wander.z + craft.jump.z,
    )
    craft.brain.seen = Seen(
        spot,
        b.east_mps,
        b.north_mps,
        b.up_mps,
        wrap_360(b.heading_deg + e.compass_deg),
        b.pitch_deg,
        b.roll_deg,
        flight.airspeed_mps(b, around),
        b.alt_m - craft.ground_m,
        b.grounded,
        energy.left(pack, craft.charge),
        energy.volts(pack, craft.charge),
        energy.amperes(pack, craft.charge),
        pack.capacity_wh * pack.left - craft.charge.left_wh,
        craft.gimbal_pitch_deg,
        craft.gimbal_yaw_deg,
    )
