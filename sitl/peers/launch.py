"""How each real SITL binary is started: command line, home, ports. Pure but for looking at the file.

ArduPilot: https://ardupilot.org/dev/docs/sitl-parameters.html. PX4: https://docs.px4.io/main/en/simulation/ (SIH).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.drone import Autopilot
from core.errors import Malformed
from core.geo import GeoPoint
from core.units import finite, within

VARIABLES = {Autopilot.ARDUPILOT: "AIRGROUND_ARDUPILOT", Autopilot.PX4: "AIRGROUND_PX4"}


@dataclass(frozen=True, slots=True)
class PeerSpec:
    """One real autopilot: its binary, instance 0 to 9 (ports and system id = instance + 1 follow from it) and home."""

    autopilot: Autopilot
    binary: Path
    instance: int
    home: GeoPoint
    heading_deg: float
    folder: Path

    def __post_init__(self) -> None:
        within("peer.instance", self.instance, 0, 9)
        finite("peer.heading_deg", self.heading_deg)
        variable = VARIABLES[self.autopilot]
        if not self.binary.is_file():
            raise Malformed(variable, f"{self.binary} is no file", "name the SITL binary")
        if not os.access(self.binary, os.X_OK):
            raise Malformed(variable, f"{self.binary} is not executable", "chmod +x it")

    @property
    def system_id(self) -> int:
        """MAVLink system id, as both binaries number their instances."""
        return self.instance + 1


@dataclass(frozen=True, slots=True)
class Launch:
    """What to run, and where it is then heard. `link` and `truth_link` are MAVSDK-style addresses."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    link: str
    truth_link: str


def named_binary(autopilot: Autopilot, environment: Mapping[str, str]) -> Path | None:
    """The binary the user named in the environment; None when none is."""
    value = environment.get(VARIABLES[autopilot], "")
    return Path(value).expanduser() if value else None


def launch(spec: PeerSpec) -> Launch:
    """Command line and addresses of one instance."""
    return _ardupilot(spec) if spec.autopilot is Autopilot.ARDUPILOT else _px4(spec)


def _ardupilot(spec: PeerSpec) -> Launch:
    h, port = spec.home, 5760 + 10 * spec.instance
    home = f"{h.lat_deg:.7f},{h.lon_deg:.7f},{h.alt_amsl_m:.2f},{spec.heading_deg:.1f}"
    command = (str(spec.binary), "--model", "quad", "--home", home, f"-I{spec.instance}", "--sysid")
    defaults = spec.binary.parent / "copter.parm"
    extra = ("--defaults", str(defaults)) if defaults.is_file() else ()
    link, truth = f"tcpout://127.0.0.1:{port}", f"tcpout://127.0.0.1:{port + 2}"
    return Launch((*command, str(spec.system_id), *extra), {}, link, truth)


def _px4(spec: PeerSpec) -> Launch:
    h = spec.home
    environment = {
        "PX4_SIM_MODEL": "sihsim_quadx",
        "PX4_HOME_LAT": f"{h.lat_deg:.7f}",
        "PX4_HOME_LON": f"{h.lon_deg:.7f}",
        "PX4_HOME_ALT": f"{h.alt_amsl_m:.2f}",
    }
    command: tuple[str, ...] = (str(spec.binary), "-i", str(spec.instance), "-d")
    root = _px4_root(spec.binary)
    if root is not None:
        command = (*command, str(root / "etc"))
    # PX4's ground-station link is bound at 18570 + i and shared by all at 14550: speak first to the former
    link, truth = f"udpin://0.0.0.0:{14540 + spec.instance}", f"udpout://127.0.0.1:{18570 + spec.instance}"
    return Launch(command, environment, link, truth)


def _px4_root(binary: Path) -> Path | None:
    """The build folder that holds etc/, as PX4's build tree lays it out."""
    return next((p for p in binary.resolve().parents[:2] if (p / "etc" / "init.d-posix").is_dir()), None)
