"""RTSP from a real server (GStreamer's, installed by `make test-long`)."""

import contextlib
import itertools
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.io.runtime import SystemClock
from tests.vision.test_watch import scene, until, watching
from vision.ingest.source import parse_source
from vision.ingest.video import decoded

PORT = 25140
pytestmark = pytest.mark.long


@contextlib.contextmanager
def server(folder: Path):
    for k in range(10):
        cv2.imwrite(str(folder / f"{k:02d}.png"), scene())
    script = Path(__file__).with_name("rtsp_server.py")
    command = ["/usr/bin/python3", str(script), str(PORT), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "up\n"
            yield
        finally:
            process.kill()


@pytest.mark.parametrize("path", ["any", "udp"])
def test_frames_come_whole_over_either_transport(path, tmp_path):
    with server(tmp_path):
        source = parse_source(f"rtsp://127.0.0.1:{PORT}/{path}")
        frames = list(itertools.islice(decoded(source, SystemClock().now), 20))
    for frame in frames:
        assert frame.pixels.shape == (512, 640)
        assert np.abs(frame.pixels.astype(int) - scene()).mean() < 4.0
    steps = np.diff([frame.pts_s for frame in frames])
    assert np.allclose(steps, 0.1, atol=0.02)


async def test_a_server_that_dies_and_comes_back_is_watched_again(drone_state, tmp_path):
    async with watching(f"rtsp://127.0.0.1:{PORT}/any", drone_state) as (watch, told, *_):
        with server(tmp_path):
            await until(lambda: told)
        await until(lambda: watch.status.state == "dead")
        with server(tmp_path):
            await until(lambda: watch.status.state == "live", 30.0)
        assert watch.status.restarts == 0
