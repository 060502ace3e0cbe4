"""Decoding with PyAV: one generator for files, UDP and RTSP, with a protocol allow-list and low delay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from core.errors import Fault
from core.units import UtcSeconds
from vision.ingest.source import Source, SourceKind

PROTOCOLS = {SourceKind.FILE: "file", SourceKind.UDP: "udp", SourceKind.RTSP: "rtsp,rtp,udp,tcp"}
FORMATS = {SourceKind.UDP: "mpegts", SourceKind.RTSP: "rtsp", SourceKind.FILE: None}
FILE_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,avi,h264,hevc,mpeg"
"""Containers a file may be; play lists, which name further files, are not among them."""
OPEN_S, READ_S = 5.0, 2.0
"""Seconds of silence after which opening, or reading, a live source counts as dead."""
MAX_SIDE_PX = 4096


class StreamEnded(Fault):
    """The source can give no more frames now; the words say why. `early`: before its own end."""

    def __init__(self, words: str, early: bool = True) -> None:
        super().__init__(words)
        self.early = early


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """A decoded frame: gray pixels (height, width), presentation time s (None: not told), and when the packet that
    completed it arrived; `held_s`: how long the demuxer had kept it, see HELD_FRAMES."""

    pixels: NDArray[np.uint8]
    pts_s: float | None
    arrival: UtcSeconds
    held_s: float


HELD_FRAMES = {SourceKind.UDP: 2.0, SourceKind.RTSP: 0.0, SourceKind.FILE: 0.0}
"""Frames that must follow before the demuxer gives one away. MPEG-TS video packets tell no length, so the next start
ends one, and the parser waits for one more: 2 frames at 10 and at 25 fps, measured (204 and 85 ms). RTP marks the
end of a frame."""


def decoded(source: Source, now: Callable[[], UtcSeconds]) -> Iterator[Decoded]:
    """Frames of a video as they are decoded; damaged ones are left out.

    Never returns normally: raises StreamEnded at the end (early=False), or when the source is unreadable, silent
    or broken off.
    """
    try:
        with _open(source) as container:
            yield from _frames(container, source, now)
    except (av.error.FFmpegError, OSError, ValueError, MemoryError) as e:
        raise StreamEnded(f"{source.words}: {_words(e, source)}") from e


def _open(source: Source) -> Any:
    options = {"protocol_whitelist": PROTOCOLS[source.kind], "fflags": "nobuffer", "flags": "low_delay"}
    address = source.address
    if source.kind is SourceKind.FILE:
        options = {"protocol_whitelist": "file", "format_whitelist": FILE_FORMATS}
        address = f"file:{address}"
    if source.kind is SourceKind.UDP:
        options |= {"probesize": "200000", "analyzeduration": "1000000"}
        address += "?overrun_nonfatal=1&fifo_size=4096&buffer_size=1048576"
    if source.kind is SourceKind.RTSP:
        options |= {"rtsp_flags": "prefer_tcp", "analyzeduration": "1000000"}
    timeout = (OPEN_S, READ_S) if source.live else None
    return av.open(address, format=FORMATS[source.kind], options=options, timeout=timeout, metadata_errors="ignore")


def _frames(container: Any, source: Source, now: Callable[[], UtcSeconds]) -> Iterator[Decoded]:
    if not container.streams.video:
        raise StreamEnded(f"{source.words}: there is no video in it")
    stream = container.streams.video[0]
    stream.thread_type = "SLICE"
    stream.codec_context.thread_count = 1
    count, spacing = 0, Spacing()
    for packet in container.demux(stream):
        arrival = now()
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            continue
        for frame in frames:
            if (
                frame.is_corrupt
                or not 16 <= min(frame.width, frame.height) <= max(frame.width, frame.height) <= MAX_SIDE_PX
            ):
                continue
            count += 1
            pts = None if frame.pts is None or frame.time_base is None else float(frame.pts * frame.time_base)
            yield Decoded(_gray(frame), pts, arrival, HELD_FRAMES[source.kind] * spacing.after(pts))
    if source.live:
        raise StreamEnded(f"{source.words}: the sender closed the stream")
    if count + 1 < stream.frames:
        raise StreamEnded(f"{source.words}: ends after {count} of {stream.frames} frames: the file is cut off")
    if count == 0:
        raise StreamEnded(f"{source.words}: not one frame could be decoded: the file is cut off or no video")
    raise StreamEnded(f"{source.words}: played to the end, {count} frames", early=False)


class Spacing:
    """Time between frames, s, from their presentation times: a slow mean that ignores gaps over a second."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._mean = 0.0

    def after(self, pts_s: float | None) -> float:
        """The spacing after one more frame; 0 until two were seen."""
        step = 0.0 if pts_s is None or self._last is None else pts_s - self._last
        if 0.0 < step < 1.0:
            self._mean = step if self._mean == 0.0 else self._mean + 0.1 * (step - self._mean)
        self._last = pts_s
        return self._mean


def _gray(frame: Any) -> NDArray[np.uint8]:
    """Luma of a frame as it was sent (no range conversion), copied out of the decoder's buffer."""
    if frame.format.name in ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "gray"):
        plane = frame.planes[0]
        rows = np.frombuffer(plane, dtype=np.uint8)[: plane.line_size * frame.height]
        return rows.reshape(frame.height, plane.line_size)[:, : frame.width].copy()
    return np.ascontiguousarray(frame.to_ndarray(format="gray"), dtype=np.uint8)


def _words(error: Exception, source: Source) -> str:
    match error:
        case av.error.ExitError() | av.error.TimeoutError():
            return f"silent for {READ_S:g} s or more: is the camera on and sending here?"
        case av.error.InvalidDataError() if source.live:
            return "what arrives is not a video stream of the expected kind"
        case av.error.InvalidDataError():
            return "cut off, or not a video file"
        case MemoryError():
            return "its frames do not fit in the memory a decoder may use"
        case _:
            return str(error)
