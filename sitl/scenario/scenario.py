"""A scenario file (TOML): world, fleet, units, script, what must come true."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Literal

from core.errors import Malformed
from core.io.settings import Struct, convert


class WorldPart(Struct, frozen=True):
    """The town to make; see sitl.world. `canopy`: share of the search area under crowns, 0.6 to 0.8."""

    area_ha: float = 10.0
    canopy: float = 0.7
    deer: int = 2
    rocks: int = 4
    cars: int = 3
    ambient_c: float = 10.0


class FleetPart(Struct, frozen=True):
    """The drones: how many, what flies them, how good their sensors are.

    `link_loss_s`: silence of the ground station after which they come home by themselves, as their operator set it.
    """

    drones: int = 3
    autopilot: Literal["px4", "ardupilot"] = "px4"
    wind_mps: float = 3.0
    gnss_sigma_m: float = 1.2
    compass_sigma_deg: float = 2.0
    camera_fps: int = 10
    link_loss_s: float = 10.0


class SearchPart(Struct, frozen=True):
    """How the operator asks for the search."""

    height_agl_m: float = 60.0
    speed_mps: float = 12.0
    swath_m: float | None = None


class Step(Struct, frozen=True):
    """One line of the script: at `at_s` after the start, `do` it (to `drone`, for the flight faults)."""

    at_s: float
    do: Literal["search", "smoke", "hold_all", "return_all", "lose_link", "restore_link"]
    drone: str = ""


class Expect(Struct, frozen=True):
    """What must have come true by `within_s`."""

    within_s: float = 900.0
    person_found: bool = True
    unit_arrived: bool = True
    false_incidents: int = 0


class Scenario(Struct, frozen=True):
    """The whole file."""

    name: str
    about: str
    seed: int = 1
    world: WorldPart = WorldPart()
    fleet: FleetPart = FleetPart()
    search: SearchPart = SearchPart()
    script: tuple[Step, ...] = (Step(at_s=3.0, do="search"),)
    expect: Expect = Expect()


def library() -> dict[str, Path]:
    """The scenarios that ship with Airground, by name."""
    folder = Path(str(files("sitl.scenario") / "library"))
    return {p.stem: p for p in sorted(folder.glob("*.toml"))}


def load_scenario(name_or_path: str) -> Scenario:
    """A scenario of the library by name, or a file. Raises Malformed naming the key or listing the library."""
    path = library().get(name_or_path, Path(name_or_path))
    try:
        doc = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        known = ", ".join(library())
        raise Malformed("scenario", f"no scenario {name_or_path!r}", f"a TOML file, or one of: {known}") from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise Malformed("scenario", f"{path} is not TOML: {e}") from e
    return convert(doc, Scenario, str(path))
