"""The cameras' process: renders and sends every drone's picture in real time; late pictures are skipped, never queued.

Poses come through a multiprocessing connection as tuples (drone, Pose, (east, north, up) m/s); each picture is
rendered for where its drone truly is at the instant of capture, carried on from the newest pose by its velocity.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event

from core.camera import Camera, Pose
from core.clock import Clock
from core.geo import GeoPoint, LatLon, moved
from core.io.runtime import SystemClock, seeded_rng
from core.units import MetresAmsl, Seconds, UtcSeconds
from sitl.world.spec import WorldSpec

Truth = tuple[str, Pose, tuple[float, float, float]]
OLDEST_S = 1.0
"""A drone whose newest pose is older gets no picture: its camera is off."""


@dataclass(frozen=True, slots=True)
class CameraPlan:
    """What the process renders. `streams`: drone -> url; `footage`: drone -> folder of real pictures shown instead.

    `began`: UTC time at which the world's own clock is 0.
    """

    seed: int
    spec: WorldSpec
    camera: Camera
    fps: int
    began: UtcSeconds
    streams: Mapping[str, str]
    footage: Mapping[str, Path]


def run_cameras(plan: CameraPlan, poses: Connection, slow: float = 1.0) -> None:
    """Until the other end of `poses` closes. One thread; `slow` stretches the frame time (for tests)."""
    import cv2

    cv2.setNumThreads(1)
    studio = _Studio(plan)
    clock, wait = SystemClock(), Event()
    try:
        studio.run(poses, clock, wait, slow / plan.fps)
    except EOFError:
        pass
    finally:
        studio.close()


class _Studio:
    def __init__(self, plan: CameraPlan) -> None:
        from sitl.camera.footage import Footage
        from sitl.camera.render import Renderer
        from sitl.camera.stream import ThermalStream
        from sitl.world.world import make_world

        self._plan = plan
        self._renderer = Renderer(make_world(plan.seed, plan.spec), plan.camera)
        self._streams = {d: ThermalStream(url, plan.camera, plan.fps) for d, url in plan.streams.items()}
        self._footage = {d: Footage(folder, plan.camera) for d, folder in plan.footage.items()}
        self._rng = seeded_rng(plan.seed + os.getpid() % 1000)
        self._newest: dict[str, Truth] = {}
        self._sent: dict[str, UtcSeconds] = {}

    def run(self, poses: Connection, clock: Clock, wait: Event, period_s: float) -> None:
        """One round a frame time: take poses, render each drone once, sleep what is left."""
        due = clock.monotonic()
        while True:
            while poses.poll():
                truth = poses.recv()
                self._newest[truth[0]] = truth
            for drone in self._streams:
                self._shoot(drone, clock.now())
            due = Seconds(max(due + period_s, clock.monotonic()))
            wait.wait(max(0.0, due - clock.monotonic()))

    def close(self) -> None:
        """End all streams."""
        for stream in self._streams.values():
            stream.close()

    def _shoot(self, drone: str, now: UtcSeconds) -> None:
        truth = self._newest.get(drone)
        if truth is None or now - truth[1].at > OLDEST_S or now <= self._sent.get(drone, 0.0):
            return
        self._sent[drone] = now
        if drone in self._footage:
            frame = self._footage[drone].frame()
        else:
            frame = self._renderer.render(carried(truth, now), now - self._plan.began, self._rng)
        self._streams[drone].send(frame, now)


def carried(truth: Truth, now: UtcSeconds) -> Pose:
    """The pose at `now`, carried on by the velocity."""
    _, pose, (east, north, up) = truth
    dt = now - pose.at
    place = moved(moved(LatLon(pose.place.lat_deg, pose.place.lon_deg), 90.0, east * dt), 0.0, north * dt)
    point = GeoPoint(place.lat_deg, place.lon_deg, MetresAmsl(pose.place.alt_amsl_m + up * dt))
    return replace(pose, at=now, place=point)
