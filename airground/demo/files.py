"""The files and ports of a demo."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from airground.demo.sim import homes
from core.drone import Autopilot
from sitl.peers.launch import PeerSpec, launch, named_binary
from sitl.world.world import World

HTTP_PORT = 8440


@dataclass(frozen=True, slots=True)
class Ports:
    """Loopback ports; `links` and `videos` by drone."""

    http: int
    grpc: int
    links: tuple[int, ...]
    videos: tuple[int, ...]


def free_ports(drones: int, usual: bool) -> Ports:
    """Ports that nobody uses just now; `usual`: the map's is 8440 when that is free."""
    held = [_bound(socket.SOCK_DGRAM, 0) for _ in range(2 * drones)]
    tcp = [_bound(socket.SOCK_STREAM, 0), _preferred(HTTP_PORT if usual else 0)]
    numbers = [s.getsockname()[1] for s in (*tcp, *held)]
    for s in (*tcp, *held):
        s.close()
    return Ports(numbers[1], numbers[0], tuple(numbers[2 : 2 + drones]), tuple(numbers[2 + drones :]))


def _bound(kind: socket.SocketKind, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, kind)
    made.bind(("127.0.0.1", port))
    return made


def _preferred(port: int) -> socket.socket:
    try:
        return _bound(socket.SOCK_STREAM, port)
    except OSError:
        return _bound(socket.SOCK_STREAM, 0)


def links(autopilot: str, ports: Ports, world: World, folder: Path) -> tuple[str, ...]:
    """Where each drone is heard: the simulated vehicles' UDP ports, or those of real binaries the user named."""
    binary = named_binary(Autopilot(autopilot), os.environ)
    if binary is None:
        return tuple(f"udpin://127.0.0.1:{p}" for p in ports.links)
    places = homes(world, len(ports.links))
    peers = [PeerSpec(Autopilot(autopilot), binary, k, home, 0.0, folder) for k, home in enumerate(places)]
    return tuple(launch(p).link for p in peers)


def write_settings(
    folder: Path, world: World, ports: Ports, drone_links: tuple[str, ...], unit_hashes: Mapping[str, str]
) -> None:
    """airground.toml of a demo: the settings a real site would have."""
    centre = world.frame.to_latlon(*map(float, world.area.mean(axis=0) * 0.5))
    rows = [
        'data_dir = "var"', 'sites = ["map/site.toml"]', "",
        "[server]", f"http_port = {ports.http}", f"grpc_port = {ports.grpc}", "",
        "[gateway]", "control_port = 0", "mavsdk_port = 0", "",
        "[map]", f"centre = {{ lat_deg = {centre.lat_deg:.6f}, lon_deg = {centre.lon_deg:.6f} }}", "zoom = 14.6",
        'basemap = "map/basemap.geojson"', 'roads = "map/roads.geojson"', 'terrain = "map/terrain.npz"', "",
        "[dispatch]", "auto_send = true", "",
    ]  # fmt: skip
    for k, (link, port) in enumerate(zip(drone_links, ports.videos, strict=True), start=1):
        rows += ["[[drones]]", f'id = "d{k}"', f'name = "Drone {k}"', f'link = "{link}"', "unsigned = true"]
        rows += [
            "endurance_s = 1600.0",
            f'video = "udp://127.0.0.1:{port}"',
            "camera = { latency_s = 0.08, latency_sigma_s = 0.05 }",
            "",
        ]
    for unit, name, _ in world.unit_starts():
        rows += ["[[units]]", f'id = "{unit}"', f"name = {json.dumps(name)}", 'kind = "motorcycle"']
        rows += [f'token_hash = "{unit_hashes[unit]}"', ""]
    (folder / "airground.toml").write_text("\n".join(rows), encoding="utf-8")
