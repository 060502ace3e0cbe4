"""Detection over a folder of images or a video file, in the format of the shared scorer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import Malformed
from core.units import UtcSeconds
from vision.detect.port import Detection, Detector
from vision.ingest.images import image_paths, read_gray
from vision.ingest.source import SourceKind, parse_source
from vision.ingest.video import StreamEnded, decoded

Progress = Callable[[int, int, str], None]
"""(frames done, frames in all or 0 when unknown, words: the frame's name or what is wrong with it)."""
Row = dict[str, str | float | list[float]]


def detect_folder_or_video(path: Path, detector: Detector, progress: Progress) -> list[Row]:
    """People found in every frame, as rows {"image", "category", "bbox": [x, y, w, h] px, "score"}.

    An image's name is its file name, a video frame's "frame_000000" counted from 0. Unreadable images and a video's
    early end are told to `progress` and passed over; raises Malformed when not one frame could be read.
    """
    source = parse_source(str(path))
    if source.live:
        raise Malformed("source", f"{source.words} is a live stream", "give a folder or a file, or use watch")
    frames = _images(path, progress) if source.kind is SourceKind.FOLDER else _video(path, progress)
    rows: list[Row] = []
    read = 0
    for name, gray in frames:
        read += 1
        if min(gray.shape) >= 16:
            rows += [_row(name, d) for d in detector.find(gray) if d.label == "Person"]
    if not read:
        raise Malformed("source", f"not one frame of {path} could be read", "give JPEG or PNG images, or a video file")
    return rows


def _row(name: str, d: Detection) -> Row:
    b = d.box
    return {
        "image": name,
        "category": d.label,
        "bbox": [round(v, 2) for v in (b.x_px, b.y_px, b.width_px, b.height_px)],
        "score": round(d.score, 5),
    }


def _images(folder: Path, progress: Progress) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    paths = image_paths(folder)
    for done, path in enumerate(paths, start=1):
        gray = read_gray(path)
        if gray is None:
            progress(done, len(paths), f"{path.name}: not a readable image, passed over")
            continue
        yield path.name, gray
        progress(done, len(paths), path.name)


def _video(path: Path, progress: Progress) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    done = 0
    try:
        for frame in decoded(parse_source(str(path)), lambda: UtcSeconds(0.0)):
            yield f"frame_{done:06d}", frame.pixels
            done += 1
            progress(done, 0, f"frame {done}")
    except StreamEnded as e:
        progress(done, 0, str(e))
