"""Names of things. An id is 1 to 64 of A-Z a-z 0-9 . _ -; made by the asker, so that a repeat is harmless."""

from __future__ import annotations

import re
from typing import NewType

from core.errors import Malformed

DroneId = NewType("DroneId", str)
SearchId = NewType("SearchId", str)
SectorId = NewType("SectorId", str)
SightingId = NewType("SightingId", str)
TrackId = NewType("TrackId", str)
IncidentId = NewType("IncidentId", str)
UnitId = NewType("UnitId", str)
TaskId = NewType("TaskId", str)
SiteId = NewType("SiteId", str)
DeviceId = NewType("DeviceId", str)
AlarmId = NewType("AlarmId", str)
PersonName = NewType("PersonName", str)
"""Account name of a signed-in member of staff (operator, pilot, officer); never of anybody seen."""

_ALLOWED = re.compile(r"[A-Za-z0-9._-]{1,64}")


def checked_id(field: str, text: str) -> str:
    """`text` when it is a valid id; raises Malformed."""
    if not isinstance(text, str) or not _ALLOWED.fullmatch(text):
        raise Malformed(field, f"{text!r} is not an id", "1 to 64 of A-Z a-z 0-9 . _ -")
    return text
