"""Where units are: their reports on the trail (telemetry, not the record)."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import msgspec

from core.commands import ReportUnit
from core.errors import Refused
from core.geo import LatLon
from core.ids import UnitId
from core.units import UtcSeconds

STALE_S = 30.0
"""A report older than this is shown as stale."""
GONE_S = 900.0
"""A report older than this no longer says where to send a unit from."""
FUTURE_S = 60.0
"""Phones' clocks may run ahead by this much."""
_PREFIX = "unit/"


@dataclass(frozen=True, slots=True)
class UnitPlace:
    """A unit as it last told."""

    unit: UnitId
    place: LatLon
    at: UtcSeconds
    heading_deg: float | None = None
    speed_mps: float | None = None

    def stale(self, now: UtcSeconds) -> bool:
        """Whether the report is older than STALE_S."""
        return now - self.at > STALE_S


def decide_report(units: Collection[UnitId], wish: ReportUnit, now: UtcSeconds) -> UnitPlace | Refused:
    """The report as it is kept, or why not. Old reports are fine: the trail keeps the newest."""
    if wish.unit not in units:
        return Refused.because("unit", f"{wish.unit} is unknown", "add it to `units` in the settings")
    if not math.isfinite(wish.at) or wish.at <= 0:
        return Refused.because("at", f"{wish.at} is no time", "UTC seconds since 1970, or leave it out")
    if wish.at > now + FUTURE_S:
        return Refused.because("at", f"{wish.at - now:.0f} s in the future", "set the phone's clock, or leave it out")
    if wish.heading_deg is not None and not 0.0 <= wish.heading_deg <= 360.0:
        return Refused.because("heading_deg", f"{wish.heading_deg:g} is outside 0 to 360", "leave it out if unknown")
    if wish.speed_mps is not None and not 0.0 <= wish.speed_mps <= 100.0:
        return Refused.because("speed_mps", f"{wish.speed_mps:g} is outside 0 to 100", "leave it out if unknown")
    return UnitPlace(wish.unit, wish.place, min(wish.at, now), wish.heading_deg, wish.speed_mps)


def subject(unit: UnitId) -> str:
    """The unit's subject on the trail."""
    return _PREFIX + unit


def encode(place: UnitPlace) -> bytes:
    """For the trail."""
    return msgspec.json.encode(place)


def places(newest: Mapping[str, tuple[UtcSeconds, bytes]]) -> dict[UnitId, UnitPlace]:
    """Every unit's newest report from the trail; entries that can't be read are left out."""
    found: dict[UnitId, UnitPlace] = {}
    for key, (_, payload) in newest.items():
        if key.startswith(_PREFIX):
            try:
                place = msgspec.json.decode(payload, type=UnitPlace)
            except (msgspec.DecodeError, ValueError):
                continue
            found[place.unit] = place
    return found
