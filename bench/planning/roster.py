"""The peers: coverage planners that install as packages. Each runs beside us in an environment of its own, made at
first use under the user's cache; nothing of theirs is imported or shipped here.

Left out: Fields2Cover 2.1.0, whose package is source alone and needs CMake, a C++ compiler and GDAL to build.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.planning.children import Failed, last_line

HERE = Path(__file__).parent
PATIENCE_S = 900.0
_GEOMETRY = ("numpy==2.4.6", "shapely==2.2.0")
_PROJ = ("pyproj==3.7.2", "certifi==2026.10.18")
_PLOTS = (
    "matplotlib==3.11.2", "contourpy==1.3.3", "cycler==0.12.1", "fonttools==4.68.0", "kiwisolver==1.5.1",
    "packaging==26.3", "pillow==13.0.0", "pyparsing==3.3.3", "python-dateutil==4.0.0",
)  # fmt: skip
_LEARNING = (
    "scikit-learn==1.9.1",
    "scipy==1.17.1",
    "joblib==1.6.0",
    "narwhals==2.29.0",
    "threadpoolctl==3.8.0",
    "cloudpickle==3.1.2",
)
_TOURS = (
    "python-tsp==0.5.0", "requests==2.34.2", "certifi==2026.10.18", "charset-normalizer==3.5.2", "idna==3.20",
    "urllib3==2.8.0", "tsplib95==0.7.1", "click==8.5.1", "deprecated==1.2.18", "networkx==2.8.8", "tabulate==0.8.10",
    "wrapt==1.17.3",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Peer:
    """A planner, all that is installed for it (pinned, nothing else is drawn in) and how it is set."""

    name: str
    licence: str
    settings: str
    pins: tuple[str, ...]

    @property
    def script(self) -> Path:
        return HERE / "peers" / f"{self.name.replace('-', '_')}.py"

    def command(self, python: Path) -> list[str]:
        return [str(python), "-P", str(HERE / "host.py"), str(self.script)]


PEERS = (
    Peer(
        "coverage-path-planner",
        "none stated in the package",
        "lines at 12 angles x (no lap; no lap, 0.1 swath short of the edge; one lap)",
        ("coverage-path-planner==1.4.0",),
    ),
    Peer(
        "opencoverage",
        "MIT",
        "3 searches for a direction and 12 winds x overlap 0, 5 % x whole area, area less half a swath",
        ("opencoverage==0.2.0", *_GEOMETRY, *_PROJ),
    ),
    Peer(
        "uav-coverage-path-planner",
        "MIT",
        "genetic search, its size and generations, 3 profiles; knows no holes",
        ("uav-coverage-path-planner==1.0.0",),
    ),
    Peer(
        "trajgenpy",
        "MIT, with CGAL compiled in",
        "its cells and sweeps, both senses; strung by us nearest end first from up to 6 cells",
        ("trajgenpy==0.3.1", "colorama==0.4.6", "geojson==3.3.0", *_GEOMETRY, *_PROJ),
    ),
    Peer(
        "covplan",
        "MIT",
        "12 angles, 4 clusters (its default is 3, its example 4), turns of 0.5 m radius, no headland",
        ("covplan==0.2.0", "utm==0.9.0", "numpy==2.4.6", *_PLOTS, *_LEARNING, *_TOURS),
    ),
)


def cache() -> Path:
    """Where peers are installed."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "airground" / "bench-peers"


def installed(peer: Peer, folder: Path) -> Path | Failed:
    """The interpreter of the peer's environment, made when it is missing or pinned otherwise."""
    home = folder / peer.name
    python, mark = home / "bin" / "python", home / "pins.txt"
    pins = "\n".join(peer.pins)
    if mark.exists() and mark.read_text() == pins and python.exists():
        return python
    shutil.rmtree(home, ignore_errors=True)
    pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-input"]
    pip += ["--retries", "1", "--no-deps", "--only-binary", ":all:", *peer.pins]
    for command in ([sys.executable, "-m", "venv", str(home)], pip):
        failed = _tried(command)
        if failed is not None:
            return failed
    mark.write_text(pins)
    return python


def _tried(command: list[str]) -> Failed | None:
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Failed(f"not installed: {error}"[:160])
    return Failed(f"not installed: {last_line(ran.stderr)}") if ran.returncode else None
