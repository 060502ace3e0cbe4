"""Settings from one TOML file. Unknown keys and wrong types are refused, with the path of the key.

Relative paths count from the folder of the settings file. Addresses default to loopback: opening a port to the
network is a decision, not a default.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from core.errors import Malformed

T = TypeVar("T")


class Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all settings: frozen, unknown keys refused."""


class Place(Struct, frozen=True):
    """WGS-84 degrees."""

    lat_deg: float
    lon_deg: float


class CameraSettings(Struct, frozen=True):
    """A drone's thermal camera. `latency_s`: capture to arrival of the first byte, with its standard error."""

    width_px: int = 640
    height_px: int = 512
    hfov_deg: float = 45.0
    latency_s: float = 0.12
    latency_sigma_s: float = 0.05


class DroneSettings(Struct, frozen=True):
    """One drone. `link`: udpin://host:port, udpout://host:port, tcpout://host:port, serial:///dev/x?baud=57600.

    `system_id` is the id the vehicle itself uses; None takes the first vehicle heard on the link.
    `signing_key`: file with the key of its link (MAVLink 2 signing; `airground signing-key` makes one), the same for
    all drones of a link. An autopilot that can't sign (PX4 before 1.18) has none and says so, `unsigned`: then whoever
    is near enough can command it.
    `video`: udp://host:port (MPEG-TS), rtsp://..., a file, or a folder of images; None: no camera.
    """

    id: str
    link: str
    name: str = ""
    system_id: int | None = None
    signing_key: str | None = None
    unsigned: bool = False
    video: str | None = None
    camera: CameraSettings = CameraSettings()
    endurance_s: float = 1200.0
    """Flight time of a full battery at search speed; searches that would need more are refused."""
    height_agl_m: float | None = None
    """Transit and return height above home; None: stacked by the order in this file, 10 m apart."""


class UnitSettings(Struct, frozen=True):
    """One patrol unit. `token_hash`: SHA-256, hex, of the token its phone signs in with."""

    id: str
    name: str
    kind: Literal["foot", "car", "motorcycle"] = "car"
    token_hash: str = ""


class ServerSettings(Struct, frozen=True):
    """Where people and programs reach the coordinator."""

    host: str = "127.0.0.1"
    http_port: int = 8440
    grpc_port: int = 8441


class GatewaySettings(Struct, frozen=True):
    """Gateway process: its control socket and the loopback port of the Mavsdk instance. Ports 0: any free one."""

    control_port: int = 8442
    mavsdk_port: int = 8443
    tlog_dir: str = "tlog"


class MapSettings(Struct, frozen=True):
    """Local data: basemap (GeoJSON), roads (GeoJSON lines), terrain (.npz or SRTM .hgt), tiles (XYZ address)."""

    centre: Place
    zoom: float = 14.0
    basemap: str | None = None
    roads: str | None = None
    terrain: str | None = None
    flat_level_amsl_m: float | None = None
    tiles: str | None = None


class DispatchSettings(Struct, frozen=True):
    """`auto_send`: the nearest unit goes to a person seen without a dispatcher's click."""

    auto_send: bool = False
    response_s: float = 300.0


class SearchSettings(Struct, frozen=True):
    """`auto_approve`: planned searches fly without a pilot's click (drills and demos). `sweep_width_m`: as measured in
    the open, for POD; None: a formula, not measured."""

    auto_approve: bool = False
    sweep_width_m: float | None = None
    detector: Literal["hot-spot"] = "hot-spot"


class Settings(Struct, frozen=True):
    """The whole file."""

    data_dir: str
    map: MapSettings
    server: ServerSettings = ServerSettings()
    gateway: GatewaySettings = GatewaySettings()
    dispatch: DispatchSettings = DispatchSettings()
    search: SearchSettings = SearchSettings()
    drones: tuple[DroneSettings, ...] = ()
    units: tuple[UnitSettings, ...] = ()
    sites: tuple[str, ...] = ()
    """Site files (TOML), see ground/sites."""
    folder: str = "."
    """Set by `load`: the folder of the file."""

    def path(self, text: str) -> Path:
        """A path of the settings, from the folder of the file."""
        return Path(self.folder, text)


def load(path: Path) -> Settings:
    """Read a settings file. Raises Malformed naming the key, or the file when it can't be read."""
    try:
        doc = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise Malformed("config", f"can't read {path}: {e.strerror}") from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise Malformed("config", f"{path} is not TOML: {e}") from e
    return convert(doc | {"folder": str(path.parent.resolve())}, Settings, str(path))


def convert(doc: object, kind: type[T], source: str) -> T:
    """A TOML document as a settings type; raises Malformed with the path of the wrong key."""
    try:
        return msgspec.convert(doc, kind)
    except msgspec.ValidationError as e:
        raise Malformed(source, str(e).replace("`", ""), "see docs/settings.md") from e
