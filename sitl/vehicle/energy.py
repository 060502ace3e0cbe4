"""What flying costs: power from airspeed and climb, charge and voltage of the pack. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sitl.vehicle.flight import Body
from sitl.vehicle.spec import Pack

EMPTY_CELL_V, FULL_CELL_V = 3.4, 4.2
SAG_PER_A = 0.004
"""Voltage lost a cell and ampere, ohm."""
CLIMB_EFFICIENCY = 0.6


@dataclass(frozen=True, slots=True)
class Charge:
    """Energy left, Wh, and the power drawn now, W."""

    left_wh: float
    power_w: float = 0.0


def power_w(pack: Pack, body: Body, airspeed_mps: float, motors: bool) -> float:
    """Electrical power, W: idle without motors, hover, plus drag with the cube of airspeed, plus climb."""
    if not motors:
        return pack.idle_w
    if body.grounded:
        return pack.idle_w + 0.1 * pack.hover_w
    climb = max(body.up_mps, -1.0) * pack.weight_n / CLIMB_EFFICIENCY
    return pack.hover_w + pack.drag_w * (airspeed_mps / 12.0) ** 3 + climb


def drained(charge: Charge, draw_w: float, dt_s: float) -> Charge:
    """The charge dt_s later; never below empty."""
    return replace(charge, left_wh=max(charge.left_wh - draw_w * dt_s / 3600.0, 0.0), power_w=draw_w)


def left(pack: Pack, charge: Charge) -> float:
    """State of charge, 0 to 1."""
    return min(charge.left_wh / pack.capacity_wh, 1.0)


def amperes(pack: Pack, charge: Charge) -> float:
    """Current, A, at the resting voltage."""
    return charge.power_w / _resting(pack, charge)


def volts(pack: Pack, charge: Charge) -> float:
    """Pack voltage under load, V."""
    return _resting(pack, charge) - pack.cells * SAG_PER_A * amperes(pack, charge)


def _resting(pack: Pack, charge: Charge) -> float:
    return pack.cells * (EMPTY_CELL_V + (FULL_CELL_V - EMPTY_CELL_V) * left(pack, charge))
