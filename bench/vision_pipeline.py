"""What vision costs and how well it places: `python -m bench.vision_pipeline`.

CPU time is this thread's; the decoder runs with one thread. Errors are drawn from the stated standard errors, so the
hit rate tells whether the ellipses are honest, and CEP50 and R95 compare with ANCHORS section 3.
"""

from __future__ import annotations

import math
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from core.camera import THERMAL_640, Pose, PoseError
from core.drone import Velocity
from core.geo import SCALE_95, GeoPoint, LatLon, LocalFrame
from core.terrain import FlatTerrain, GridTerrain
from core.units import MetresAmsl, MetresPerSecond, UtcSeconds
from vision.detect.hot_spot import HotSpot
from vision.geolocate.place import Placed, Sight, place_pixel, place_pixels
from vision.geolocate.rays import attitude_of, camera_axes, turned
from vision.ingest.source import parse_source
from vision.ingest.video import StreamEnded, decoded

ROOT = Path(__file__).resolve().parent.parent
FRAME = LocalFrame(LatLon(42.55, 1.57))
RTK = PoseError(0.03, 0.05, 0.5, 0.3, 0.02)
ANCHOR = {("consumer", -90): "2.1/4.3", ("consumer", -45): "4.5/9.3", ("RTK", -90): "0.5/1.0", ("RTK", -45): "1.0/2.2"}


def scenes(count: int) -> list[np.ndarray]:
    """Textured ground with a person, as the simulator's camera sees it."""
    rng = np.random.default_rng(0)
    coarse = cv2.resize(rng.normal(75, 12, (64, 80)).astype(np.float32), (640, 512), interpolation=cv2.INTER_CUBIC)
    made = []
    for k in range(count):
        frame = coarse + rng.normal(0, 2, (512, 640))
        cv2.ellipse(frame, (100 + 4 * k % 400, 250), (4, 9), 0, 0, 360, 150, -1)
        made.append(np.clip(frame, 0, 255).astype(np.uint8))
    return made


def cost() -> None:
    """CPU ms a frame of decoding, of searching, and of placing ten detections."""
    frames = scenes(60)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "a.ts")
        with av.open(path, "w") as out:
            stream = out.add_stream("libx264", rate=10, options={"preset": "veryfast", "b": "2000000"})
            stream.width, stream.height, stream.pix_fmt = 640, 512, "yuv420p"
            for k, pixels in enumerate(frames):
                frame = av.VideoFrame.from_ndarray(pixels, format="gray").reformat(format="yuv420p")
                frame.pts, frame.time_base = k, Fraction(1, 10)
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
        began = time.process_time()
        shown = []
        try:
            for one in decoded(parse_source(path), lambda: UtcSeconds(0.0)):
                shown.append(one.pixels)  # noqa: PERF401  the generator ends by raising
        except StreamEnded as end:
            print(f"           {end}")
        print(f"decode     {(time.process_time() - began) / len(frames) * 1e3:6.2f} ms a frame")
    search("simulated", shown, 1 / 12.9)
    real = sorted((ROOT.parent / "shared/data/hit-uav/val").glob("*.jpg"))[::5]
    if real:
        search("HIT-UAV", [cv2.imread(str(p), cv2.IMREAD_GRAYSCALE) for p in real], None)
    else:
        print("search     no ../shared/data/hit-uav here: real frames left out")
    sight, hills = Sight(THERMAL_640, pose(0, 0, 980.0, 30.0, -60.0)), terrain()
    pixels = np.random.default_rng(1).uniform(20, 490, (10, 2))
    began = time.process_time()
    for _ in range(100):
        place_pixels(sight, pixels, np.ones(10), hills)
    print(f"place      {(time.process_time() - began) * 10:6.2f} ms for 10 detections")


def search(name: str, frames: list[np.ndarray], scale: float | None) -> None:
    """Print the detector's CPU time on frames."""
    detector, spent = HotSpot(), []
    for frame in frames:
        began = time.thread_time()
        detector.find(frame, scale)
        spent.append((time.thread_time() - began) * 1e3)
    print(
        f"search     {np.mean(spent):6.2f} ms a frame, p95 {np.percentile(spent, 95):.2f} ({name}, {len(spent)} frames)"
    )


def terrain() -> GridTerrain:
    """Gentle hills around 900 m."""
    x = np.arange(-1000.0, 1001.0, 20.0)
    heights = 900.0 + 10.0 * np.sin(x[None, :] / 70.0) * np.cos(x[:, None] / 90.0)
    return GridTerrain(FRAME, -1000.0, -1000.0, 20.0, heights, sigma_m=1.0)


def pose(x: float, y: float, height: float, heading: float, pitch: float, roll: float = 0.0) -> Pose:
    """A pose in the benchmark's frame."""
    ground = FRAME.to_latlon(x, y)
    return Pose(UtcSeconds(0.0), GeoPoint(ground.lat_deg, ground.lon_deg, MetresAmsl(height)), heading, pitch, roll)


def wrong(
    rng: np.random.Generator, x: float, y: float, z: float, axes: np.ndarray, heading: float, e: PoseError, v: Velocity
) -> Pose:
    """The pose that sensors with errors `e` report."""
    late = rng.normal(0, e.time_s)
    h = math.radians(heading)
    spins = (
        ((0, 0, 1), e.heading_deg),
        ((math.cos(h), -math.sin(h), 0), e.tilt_deg),
        ((math.sin(h), math.cos(h), 0), e.tilt_deg),
    )
    for about, sigma in spins:
        axes = turned(axes, np.array(about, dtype=float), math.radians(rng.normal(0, sigma)))
    x, y = x + rng.normal(0, e.horizontal_m) + late * v.east_mps, y + rng.normal(0, e.horizontal_m) + late * v.north_mps
    return pose(x, y, z + rng.normal(0, e.vertical_m), *attitude_of(axes))


def places(name: str, error: PoseError, pitch: int, runs: int = 1500) -> None:
    """One look each from random places 100 m over hills: CEP50, R95 and how often the 95 % ellipse holds the truth."""
    rng, hills, flat_errors = np.random.default_rng(-pitch), terrain(), []
    errors, inside = [], 0
    for _ in range(runs):
        x, y, heading = rng.uniform(-150, 150), rng.uniform(-150, 150), rng.uniform(0, 360)
        z = 100.0 + hills.height_amsl_m(FRAME.to_latlon(x, y))
        v = Velocity(*(MetresPerSecond(float(s)) for s in (*rng.normal(0, 6, 2), 0.0)))
        pixel = (rng.uniform(150, 490), rng.uniform(130, 380))
        truth = place_pixel(Sight(THERMAL_640, pose(x, y, z, heading, pitch)), pixel, 1.0, hills)
        said = wrong(rng, x, y, z, camera_axes(heading, pitch, 0.0), heading, error, v)
        noisy = tuple(p + rng.normal(0, 1.5) for p in pixel)
        lifted = GridTerrain(FRAME, -1000.0, -1000.0, 20.0, hills.heights + rng.normal(0, 1.0), 1.0)
        placed = place_pixel(Sight(THERMAL_640, said, v, error), noisy, 1.5, lifted)
        flat = place_pixel(Sight(THERMAL_640, said, v, error), noisy, 1.5, FlatTerrain(MetresAmsl(900.0)))
        if not (isinstance(truth, Placed) and isinstance(placed, Placed) and isinstance(flat, Placed)):
            continue
        at = np.array(FRAME.to_xy(truth.place))
        d, c = np.array(FRAME.to_xy(placed.place)) - at, placed.covariance
        errors.append(float(np.hypot(*d)))
        flat_errors.append(float(np.hypot(*(np.array(FRAME.to_xy(flat.place)) - at))))
        inside += d @ np.linalg.solve([[c.ee_m2, c.en_m2], [c.en_m2, c.nn_m2]], d) <= SCALE_95**2
    cep, r95 = np.percentile(errors, [50, 95])
    flat50, flat95 = np.percentile(flat_errors, [50, 95])
    print(
        f"place {name:9s} {pitch:4d} deg  CEP50/R95 {cep:.1f}/{r95:.1f} m (anchor {ANCHOR[name, pitch]}), "
        f"ellipse holds {inside / len(errors):.1%}, on flat earth {flat50:.1f}/{flat95:.1f}"
    )


if __name__ == "__main__":
    cv2.setNumThreads(1)
    cost()
    for name, error in (("consumer", PoseError()), ("RTK", RTK)):
        for pitch in (-90, -45):
            places(name, error, pitch)
