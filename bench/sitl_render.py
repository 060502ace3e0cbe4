"""CPU of the thermal renderer and of encoding, ms a frame on one core (process time), over the forest scenario's wood.

usage: python -m bench.sitl_render [--frames 100]
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import cv2
import numpy as np

from core.camera import THERMAL_640, Pose
from core.geo import GeoPoint
from core.units import MetresAmsl, UtcSeconds
from sitl.camera.render import Renderer
from sitl.camera.stream import ThermalStream
from sitl.world.world import make_world


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--frames", type=int, default=100)
    frames = ask.parse_args().frames
    cv2.setNumThreads(1)
    world = make_world(1)
    renderer = Renderer(world, THERMAL_640)
    rng = np.random.default_rng(0)
    x, y = map(float, world.area.mean(axis=0))
    poses = []
    for k in range(frames):
        place = world.frame.to_latlon(x, y - frames / 2 + k)
        ground = world.terrain.height_amsl_m(place) or 0.0
        poses.append(Pose(UtcSeconds(k), GeoPoint(place.lat_deg, place.lon_deg, MetresAmsl(ground + 60)), 5, -88, 1))
    start = time.process_time()
    made = [renderer.render(p, float(k), rng) for k, p in enumerate(poses)]
    print(f"render {1000 * (time.process_time() - start) / frames:.1f} ms a frame")
    stream = ThermalStream("udp://127.0.0.1:9", THERMAL_640, 10)
    start = time.process_time()
    for k, frame in enumerate(made):
        stream.send(frame, UtcSeconds(k / 10))
    print(f"encode {1000 * (time.process_time() - start) / frames:.1f} ms a frame")


if __name__ == "__main__":
    main()
