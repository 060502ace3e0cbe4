"""What vision tells of over the forest scenario's sweeps, flown offline: true renderer, detector, tracker and placing
along the planned lines, without flight, radio or video coding. Seconds count from the start of the sweep.

usage: python -m bench.forest_look [--seeds 1-10] [--canopy 0.7] [--height 60] [--speed 12] [--swath 32] [--pitch -90]
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import cv2
import numpy as np

from core.camera import THERMAL_640, Pose
from core.commands import SearchArea
from core.drone import Aged, Attitude, Autopilot, DroneState, Velocity
from core.errors import Refused
from core.geo import Area, GeoPoint, LatLon, bearing_deg, distance_m, moved
from core.ids import DroneId, PersonName, SearchId
from core.units import MetresAmsl, MetresPerSecond, UtcSeconds
from flightops.planning.search import plan_search
from sitl.camera.render import Renderer
from sitl.world.spec import WorldSpec
from sitl.world.world import World, make_world
from vision.detect.hot_spot import HotSpot
from vision.messages import Found, Spot
from vision.sightings import SightingDesk, StreamFacts

FPS = 10.0
START_S = 60.0
"""Where the world's clock stands when the sweep begins."""
NEAR_M = 12.0


def flown(path: tuple[LatLon, ...], speed_mps: float) -> Iterator[tuple[float, LatLon, float]]:
    """(s, place, heading deg) at FPS along a path at constant speed."""
    t, carry = 0.0, 0.0
    for a, b in itertools.pairwise(path):
        gap, heading = distance_m(a, b), bearing_deg(a, b)
        along = carry
        while along < gap:
            yield t, moved(a, heading, along), heading
            t, along = t + 1.0 / FPS, along + speed_mps / FPS
        carry = along - gap


def look(seed: int, told: argparse.Namespace) -> str:
    """One seed's row."""
    cv2.setNumThreads(1)
    world = make_world(seed, WorldSpec(canopy=told.canopy))
    renderer, rng, ids = Renderer(world, THERMAL_640), np.random.default_rng(seed), itertools.count()
    ring = tuple(world.frame.to_latlon(float(x), float(y)) for x, y in world.area)
    order = SearchArea(
        SearchId("s"), Area(ring), PersonName("bench"), height_agl_m=told.height, speed_mps=told.speed,
        swath_m=told.swath,
    )  # fmt: skip
    plan = plan_search(order, tuple((DroneId(f"d{k}"), p) for k, p in enumerate(world.drone_starts(3))), THERMAL_640)
    if isinstance(plan, Refused):
        raise SystemExit(str(plan))
    seen = 0
    firsts: dict[str, list[float]] = {}
    longest = 0.0
    for sector in plan.sectors:
        desk = SightingDesk(StreamFacts(sector.drone, THERMAL_640), world.terrain, lambda kind: f"{kind}-{next(ids)}")
        t = 0.0
        for t, place, heading in flown(sector.path, told.speed):
            at = UtcSeconds(START_S + t)
            alt = MetresAmsl((world.terrain.height_amsl_m(place) or 0.0) + told.height)
            pose = Pose(at, GeoPoint(place.lat_deg, place.lon_deg, alt), heading, told.pitch, 0.0)
            desk.heard(_state(sector.drone, pose, told.speed, told.height))
            frame = renderer.render(pose, at, rng)
            spots = tuple(
                Spot(d.box.x_px, d.box.y_px, d.box.width_px, d.box.height_px, d.label, d.score, b"", d.level)
                for d in HotSpot().find(frame, desk.scale_at(at))
            )
            seen += renderer.visible_share(pose, at) > 0.25
            for one in desk.decide(Found(at, at, 0, 640, 512, 0, spots)):
                kind = _kind(world, one.place, at)
                firsts.setdefault(kind, []).append(round(t, 1))
        longest = max(longest, t)
    others = {k: len(v) for k, v in firsts.items() if k != "person"}
    first = min(firsts.get("person", [math.inf]))
    return f"seed {seed}: sweep {longest:.0f} s, hiker open in {seen} frames, told first at {first} s, others {others}"


def _state(drone: DroneId, pose: Pose, speed: float, height: float) -> DroneState:
    rad = math.radians(pose.heading_deg)
    velocity = Velocity(
        MetresPerSecond(speed * math.cos(rad)), MetresPerSecond(speed * math.sin(rad)), MetresPerSecond(0)
    )
    return DroneState(
        drone=drone, system_id=1, autopilot=Autopilot.PX4, heard_at=pose.at, place=Aged(pose.place, pose.at),
        above_home_m=Aged(height, pose.at), velocity=Aged(velocity, pose.at),
        gimbal=Aged(Attitude(pose.heading_deg, pose.pitch_deg, 0.0), pose.at), in_air=Aged(True, pose.at),
    )  # fmt: skip


def _kind(world: World, place: LatLon, at: float) -> str:
    """What is nearest in truth."""
    x, y = world.frame.to_xy(place)
    bodies = [(math.hypot(b.foot[0] - x, b.foot[1] - y), f"{b.kind}{k}") for k, b in enumerate(world.bodies_at(at))]
    gap, kind = min(bodies)
    return ("person" if kind == "person0" else kind) if gap <= NEAR_M else "nothing"


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--seeds", default="1-10")
    ask.add_argument("--canopy", type=float, default=0.7)
    ask.add_argument("--height", type=float, default=60.0)
    ask.add_argument("--speed", type=float, default=12.0)
    ask.add_argument("--swath", type=float, default=32.0)
    ask.add_argument("--pitch", type=float, default=-90.0)
    told = ask.parse_args()
    first, _, last = told.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    with ProcessPoolExecutor(2) as pool:
        for row in pool.map(look, seeds, itertools.repeat(told)):
            print(row, flush=True)


if __name__ == "__main__":
    main()
