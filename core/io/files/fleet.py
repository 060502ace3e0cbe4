"""A fleet of unlike drones from one TOML file: what `airground plan --fleet` reads."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from core.errors import Malformed
from core.io.settings import Struct

FIELD = "--fleet"


class FleetDroneRow(Struct, frozen=True):
    """One [[drone]]. `home`: [longitude, latitude]; None: the command's own value, or none needed."""

    name: str
    home: tuple[float, float]
    speed_mps: float
    endurance_min: float
    swath_m: float | None = None
    climb_mps: float | None = None
    height_agl_m: float | None = None
    transit_agl_m: float | None = None


class FleetFile(Struct, frozen=True):
    """The whole file."""

    drone: tuple[FleetDroneRow, ...]


def read_fleet(path: Path) -> tuple[FleetDroneRow, ...]:
    """The drones in a file. Raises Malformed naming the key, or the file when it can't be read."""
    try:
        doc = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise Malformed(FIELD, f"can't read {path}: {e.strerror}") from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as e:
        raise Malformed(FIELD, f"{path} is not TOML: {e}") from e
    try:
        rows = msgspec.convert(doc, FleetFile).drone
    except msgspec.ValidationError as e:
        raise Malformed(FIELD, f"{path}: {e}".replace("`", ""), "see docs/planning.md, Several drones") from e
    if not rows:
        raise Malformed(FIELD, f"{path} holds no drone", "give one [[drone]] or more")
    return rows
