"""Units and data as types (rule 1), and the checks that make a constructed value valid (rule 2)."""

from __future__ import annotations

import math
from typing import NewType

from core.errors import Malformed

Metres = NewType("Metres", float)
MetresAmsl = NewType("MetresAmsl", float)
"""Height above mean sea level (EGM96 geoid), m."""
MetresAgl = NewType("MetresAgl", float)
"""Height above the ground below, m."""
Degrees = NewType("Degrees", float)
Radians = NewType("Radians", float)
Seconds = NewType("Seconds", float)
MetresPerSecond = NewType("MetresPerSecond", float)
UtcSeconds = NewType("UtcSeconds", float)
"""Seconds since 1970-01-01T00:00:00 UTC, POSIX (no leap seconds)."""


def finite(field: str, value: float) -> float:
    """`value` as float; raises Malformed when it is NaN or infinite."""
    if not math.isfinite(value):
        raise Malformed(field, f"{value} is not a finite number")
    return float(value)


def within(field: str, value: float, low: float, high: float) -> float:
    """`value` when low <= value <= high (NaN is not); raises Malformed."""
    if not low <= value <= high:
        raise Malformed(field, f"{value:g} is outside {low:g} to {high:g}")
    return float(value)


def positive(field: str, value: float) -> float:
    """`value` when it is finite and above 0; raises Malformed."""
    if not (value > 0 and math.isfinite(value)):
        raise Malformed(field, f"{value:g} is not above 0")
    return float(value)


def wrap_360(angle_deg: float) -> float:
    """Angle in [0, 360), deg."""
    return angle_deg % 360.0


def wrap_180(angle_deg: float) -> float:
    """Angle in [-180, 180), deg."""
    return (angle_deg + 180.0) % 360.0 - 180.0
