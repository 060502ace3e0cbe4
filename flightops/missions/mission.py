"""A mission as it goes on board: MAVLink mission items, autopilot differences already settled by a dialect."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

from core.geo import LatLon
from core.units import finite, within


@dataclass(frozen=True, slots=True)
class MissionItem:
    """One MAVLink MISSION_ITEM_INT. `x`, `y`: latitude, longitude in 1e-7 deg (0 where the command has no place);
    `z`: height, m, in `frame` (MAV_FRAME: 0 AMSL, 3 above home, 2 no frame)."""

    command: int
    frame: int
    params: tuple[float, float, float, float]
    x: int
    y: int
    z: float

    def __post_init__(self) -> None:
        within("item.command", self.command, 0, 65535)
        within("item.x", self.x, -900_000_000, 900_000_000)
        within("item.y", self.y, -1_800_000_000, 1_800_000_000)
        finite("item.z", self.z)


@dataclass(frozen=True, slots=True)
class Mission:
    """Items in order. `sweep_from` and `sweep_to` (inclusive) are the items that fly the sector's path.

    `out` and `back`: the ways from home to the sector and from there to home, seen from above, ends included.
    """

    items: tuple[MissionItem, ...]
    sweep_from: int
    sweep_to: int
    out: tuple[LatLon, ...]
    back: tuple[LatLon, ...]

    def __post_init__(self) -> None:
        within("mission.sweep_to", self.sweep_to, 0, len(self.items) - 1)
        within("mission.sweep_from", self.sweep_from, 0, self.sweep_to)

    @property
    def digest(self) -> str:
        """SHA-256, hex, over what decides the flight: command, frame, place and height to 1 cm."""
        h = hashlib.sha256()
        for i in self.items:
            h.update(struct.pack("<HHiii", i.command, i.frame, i.x, i.y, round(i.z * 100)))
        return h.hexdigest()
