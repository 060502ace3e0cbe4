"""Encoded downlink: H.264 in MPEG-TS over UDP, as a drone's video encoder sends it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np

from core.camera import Camera
from core.units import UtcSeconds
from sitl.world.heat import Bytes

CLOCK_HZ = 90_000
BIT_RATE = 2_500_000


class ThermalStream:
    """Sends frames to `url` (udp://host:port, or a file). A missing receiver is no error: radio can't tell."""

    def __init__(self, url: str, camera: Camera, fps: int) -> None:
        address = f"{url}?pkt_size=1316" if url.startswith("udp://") else url
        self._out: Any = av.open(address, "w", format="mpegts", options={"flush_packets": "1"})
        stream = self._out.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = camera.width_px, camera.height_px, "yuv420p"
        stream.bit_rate = BIT_RATE
        stream.codec_context.time_base = Fraction(1, CLOCK_HZ)
        stream.codec_context.gop_size = fps
        stream.codec_context.thread_count = 1
        stream.options = {"preset": "ultrafast", "tune": "zerolatency", "bf": "0"}
        self._stream: Any = stream
        self._began: UtcSeconds | None = None
        self._grey = np.full((camera.height_px * 3 // 2, camera.width_px), 128, np.uint8)

    def send(self, frame: Bytes, at: UtcSeconds) -> None:
        """Encode and send one frame captured at `at`; times must rise."""
        if self._began is None:
            self._began = at
        self._grey[: frame.shape[0]] = frame
        picture = av.VideoFrame.from_ndarray(self._grey, format="yuv420p")
        picture.pts, picture.time_base = round((at - self._began) * CLOCK_HZ), Fraction(1, CLOCK_HZ)
        self._mux(picture)

    def close(self) -> None:
        """Send what the encoder still holds and end."""
        self._mux(None)
        self._out.close()

    def _mux(self, picture: Any) -> None:
        try:
            for packet in self._stream.encode(picture):
                self._out.mux(packet)
        except ConnectionRefusedError:
            pass  # nobody listens on the port just now
