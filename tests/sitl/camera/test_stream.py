from __future__ import annotations

import multiprocessing
import socket
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from core.camera import THERMAL_640, Pose
from core.errors import Malformed
from core.geo import GeoPoint, distance_m
from core.io.runtime import SystemClock
from core.units import MetresAmsl, UtcSeconds
from sitl.camera.footage import Footage
from sitl.camera.process import CameraPlan, carried, run_cameras
from sitl.camera.stream import ThermalStream
from sitl.world.spec import WorldSpec
from sitl.world.world import make_world


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def test_a_stream_without_a_receiver_is_no_error() -> None:
    stream = ThermalStream(f"udp://127.0.0.1:{free_port()}", THERMAL_640, 10)
    for k in range(20):
        stream.send(np.full((512, 640), 80, np.uint8), UtcSeconds(k / 10))
    stream.close()


def test_frames_arrive_as_sent(tmp_path: Path) -> None:
    target = tmp_path / "clip.ts"
    stream = ThermalStream(str(target), THERMAL_640, 10)
    sent = np.tile(np.linspace(20, 230, 640).astype(np.uint8), (512, 1))
    for k in range(10):
        stream.send(sent, UtcSeconds(100 + k / 10))
    stream.close()
    with av.open(str(target)) as clip:
        frames = [(float(f.pts * f.time_base), f.to_ndarray(format="gray")) for f in clip.decode(video=0)]
    assert len(frames) == 10
    gaps = np.diff([t for t, _ in frames])
    assert gaps == pytest.approx([0.1] * 9, abs=1e-3)
    assert np.abs(frames[-1][1].astype(int) - sent).mean() < 12


def test_footage_goes_round_fits_and_names_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="no image"):
        Footage(tmp_path, THERMAL_640)
    cv2.imwrite(str(tmp_path / "a.png"), np.full((256, 640), 200, np.uint8))
    (tmp_path / "b.png").write_bytes(b"not an image")
    footage = Footage(tmp_path, THERMAL_640)
    for _ in range(3):
        frame = footage.frame()
        assert frame.shape == (512, 640)
        assert frame[256].mean() == 200
        assert frame[0].mean() == 0


def test_poses_are_carried_on_by_their_velocity() -> None:
    pose = Pose(UtcSeconds(10.0), GeoPoint(28.9, 120.0, MetresAmsl(100.0)), 0, -90, 0)
    later = carried(("d1", pose, (12.0, 0.0, 1.0)), UtcSeconds(10.5))
    assert distance_m(pose.place, later.place) == pytest.approx(6.0, abs=0.01)
    assert later.place.alt_amsl_m == 100.5
    assert later.at == 10.5


@pytest.mark.slow
def test_the_process_sends_real_video_until_its_pipe_closes() -> None:
    world, clock = make_world(1), SystemClock()
    port = free_port()
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    plan = CameraPlan(1, WorldSpec(), THERMAL_640, 10, clock.now(), {"d1": f"udp://127.0.0.1:{port}"}, {})
    child = context.Process(target=run_cameras, args=(plan, theirs), daemon=True)
    child.start()
    theirs.close()
    spot = world.drone_starts(1)[0]
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", port))
    receiver.settimeout(0.2)
    taken = b""
    until = clock.monotonic() + 40
    while len(taken) < 60_000 and clock.monotonic() < until:
        mine.send(
            ("d1", Pose(clock.now(), GeoPoint(spot.lat_deg, spot.lon_deg, MetresAmsl(300.0)), 0, -90, 0), (0, 0, 0))
        )
        try:
            taken += receiver.recv(2000)
        except TimeoutError:
            continue
    receiver.close()
    mine.close()
    child.join(20)
    assert child.exitcode == 0
    assert taken[0] == 0x47
