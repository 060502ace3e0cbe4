"""Alarms of compounds: judge a device's report."""

from __future__ import annotations

from collections.abc import Mapping

from core.commands import RaiseAlarm
from core.errors import Refused
from core.events import AlarmRaised
from core.geo import distance_m
from core.ids import SiteId
from core.units import UtcSeconds
from ground.sites.site import CAMERA_KINDS, Sensor, Site

FUTURE_S = 60.0
"""Clocks of devices may run ahead by this much."""
PAST_S = 86_400.0
"""A report older than a day is history, not an alarm."""
FAR_M = 2_000.0
"""A reported place further than this from its device is a fault of the device."""


def decide_alarm(sites: Mapping[SiteId, Site], wish: RaiseAlarm, now: UtcSeconds) -> AlarmRaised | Refused:
    """The fact, at the device's own place unless the report names one; or why not."""
    site = sites.get(wish.site)
    if site is None:
        return Refused.because("site", f"{wish.site} is unknown", "add its file to `sites` in the settings")
    device = site.device(wish.device)
    if device is None:
        return Refused.because("device", f"{wish.device} is no device of {site.name}", "add it to the site file")
    kinds = frozenset({device.kind}) if isinstance(device, Sensor) else CAMERA_KINDS
    if wish.kind not in kinds:
        known = " or ".join(sorted(kinds))
        return Refused.because("kind", f"{wish.device} does not raise {wish.kind}", f"it raises {known}")
    if wish.at > now + FUTURE_S:
        return Refused.because(
            "at", f"{wish.at - now:.0f} s in the future", "set the device's clock, or leave `at` out"
        )
    if wish.at < now - PAST_S:
        return Refused.because("at", "more than a day ago", "set the device's clock, or leave `at` out")
    place = wish.place or device.place
    if distance_m(place, device.place) > FAR_M:
        return Refused.because("lat_deg", f"over {FAR_M:.0f} m from {wish.device}", "leave the place out")
    return AlarmRaised(wish.alarm, wish.site, wish.device, wish.kind, wish.at, place)
