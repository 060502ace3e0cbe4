"""A stream through its real child process: UDP video in, sightings out; kills, silence and junk."""

import asyncio
import contextlib
import os
import signal
import socket
import threading
import time
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from core.camera import PoseError
from core.drone import Attitude, Velocity
from core.geo import GeoPoint, distance_m
from core.io.runtime import SystemClock, new_id
from core.terrain import FlatTerrain
from vision.ingest.source import parse_source
from vision.pipeline import StreamSpec, Watch

LEVEL_M = 900.0


def scene(hot=(400, 300)):
    rng = np.random.default_rng(3)
    frame = rng.normal(70, 3, (512, 640))
    if hot:
        cv2.circle(frame, hot, 4, 160, -1)
    return np.clip(frame, 0, 255).astype(np.uint8)


@contextlib.contextmanager
def sender(port, fps=10, hot=(400, 300)):
    """Sends MPEG-TS over UDP from a thread until left."""
    done = threading.Event()

    def work():
        with av.open(f"udp://127.0.0.1:{port}?pkt_size=1316", "w", format="mpegts") as out:
            stream = out.add_stream(
                "libx264", rate=fps, options={"preset": "ultrafast", "tune": "zerolatency", "g": str(fps)}
            )
            stream.width, stream.height, stream.pix_fmt = 640, 512, "yuv420p"
            picture = scene(hot)
            k, start = 0, time.monotonic()
            while not done.wait(max(0.0, start + k / fps - time.monotonic())):
                frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
                frame.pts, frame.time_base = k, Fraction(1, fps)
                out.mux(stream.encode(frame))
                k += 1

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(5)


@contextlib.asynccontextmanager
async def watching(address, drone_state, above=60.0, looked_for=True, **spec):
    """A running Watch over flat ground with a hovering drone that is heard 10 times a second."""
    clock = SystemClock()
    place = GeoPoint(42.55, 1.57, LEVEL_M + 60.0)
    watch = Watch(StreamSpec("d1", parse_source(str(address)), **spec), FlatTerrain(LEVEL_M, 1.0), clock, new_id)
    told, seen = [], []

    async def emit(sighting):
        told.append(sighting)

    def saw(footprint):
        seen.append(footprint)
        return looked_for

    async def telemetry():
        while True:
            watch.heard(drone_state(clock.now(), place, Attitude(0, -90, 0), Velocity(0, 0, 0), above))
            await asyncio.sleep(0.1)

    tasks = [asyncio.create_task(watch.run(emit, saw)), asyncio.create_task(telemetry())]
    try:
        yield watch, told, seen, tasks[0]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(true, within_s=20.0):
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110  the condition is a measured state, there is no event to wait for
            await asyncio.sleep(0.05)


@pytest.mark.slow
async def test_video_over_udp_becomes_one_sighting_at_the_right_place(drone_state, project):
    with sender(25100):
        async with watching("udp://127.0.0.1:25100", drone_state, error=PoseError(0.5, 0.5, 1.0, 0.2, 0.02)) as parts:
            watch, told, seen, _ = parts
            await until(lambda: told)
            await until(lambda: watch.preview() is not None)
            status = watch.status
    assert cv2.imdecode(np.frombuffer(watch.preview(), np.uint8), cv2.IMREAD_COLOR).shape == (512, 640, 3)
    sighting = told[0]
    there = GeoPoint(sighting.place.lat_deg, sighting.place.lon_deg, LEVEL_M)
    assert project(sighting.pose, StreamSpec("d", parse_source("udp://h:1")).camera, there) == pytest.approx(
        (400, 300), abs=1.5
    )
    assert len({s.track for s in told}) == 1
    assert sighting.views >= 4
    assert cv2.imdecode(np.frombuffer(sighting.chip, np.uint8), cv2.IMREAD_GRAYSCALE).max() > 120
    assert 0.0 < sighting.covariance.ellipse_95()[0] < 5.0
    assert seen
    assert distance_m(seen[0].ring[0], seen[0].ring[6]) == pytest.approx(63.66, abs=0.5)
    assert status.state == "live"
    assert status.lag_s < 3.0


@pytest.mark.slow
async def test_a_killed_child_comes_back_and_its_neighbour_is_untouched(drone_state):
    with sender(25110), sender(25111):
        async with (
            watching("udp://127.0.0.1:25110", drone_state) as (one, *_),
            watching("udp://127.0.0.1:25111", drone_state) as (two, *_),
        ):
            await until(lambda: one.status.state == "live" and two.status.state == "live")
            neighbour, frames = two.process_id, one.status.frames
            os.kill(one.process_id, signal.SIGKILL)
            await until(lambda: one.status.restarts == 1)
            await until(lambda: one.status.state == "live" and one.status.frames > frames + 3)
            assert two.process_id == neighbour
            assert two.status.restarts == 0


@pytest.mark.slow
async def test_a_stream_that_falls_silent_is_dead_and_lives_again(drone_state):
    async with watching("udp://127.0.0.1:25120", drone_state) as (watch, *_):
        with sender(25120):
            await until(lambda: watch.status.state == "live")
        await until(lambda: watch.status.state == "dead")
        assert watch.status.words
        with sender(25120):
            await until(lambda: watch.status.state == "live")
        assert watch.status.restarts == 0


@pytest.mark.slow
async def test_junk_instead_of_video_leaves_the_stream_waiting(drone_state):
    rng = np.random.default_rng(5)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as junk:
        async with watching("udp://127.0.0.1:25130", drone_state) as (watch, told, _, task):
            for _ in range(300):
                junk.sendto(rng.bytes(1316), ("127.0.0.1", 25130))
                await asyncio.sleep(0.01)
            await until(lambda: "udp" in watch.status.words)
            assert (watch.status.state, told, task.done()) == ("waiting", [], False)
            with sender(25130):
                await until(lambda: watch.status.state == "live")


@pytest.mark.slow
async def test_on_the_ground_nothing_counts(drone_state, tmp_path):
    for k in range(12):
        cv2.imwrite(str(tmp_path / f"{k}.png"), scene())
    async with watching(tmp_path, drone_state, above=5.0) as (watch, told, seen, task):
        await asyncio.wait_for(task, 20)
        assert (told, seen) == ([], [])
        status = watch.status
        assert status.unplaced == status.frames > 0
        assert status.frames + status.dropped == 12  # newest wins: a busy machine may skip one, never lose count of it


async def test_a_folder_is_shown_to_its_end_and_one_track_is_told(drone_state, tmp_path):
    for k in range(12):
        cv2.imwrite(str(tmp_path / f"{k}.png"), scene())
    (tmp_path / "99.jpg").write_bytes(b"no image")
    async with watching(tmp_path, drone_state, folder_fps=20.0) as (watch, told, seen, task):
        await asyncio.wait_for(task, 20)
        assert len(told) == 1
        assert watch.status.words.endswith("all 13 images shown, 1 unreadable")
        assert seen


async def test_where_nobody_is_looked_for_nothing_is_told(drone_state, tmp_path):
    for k in range(12):
        cv2.imwrite(str(tmp_path / f"{k}.png"), scene())
    async with watching(tmp_path, drone_state, looked_for=False, folder_fps=20.0) as (watch, told, seen, task):
        await asyncio.wait_for(task, 20)
        assert told == []
        assert seen
        assert watch.status.frames > 0
