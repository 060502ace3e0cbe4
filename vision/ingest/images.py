"""A folder of images as frames."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import Malformed

SUFFIXES = (".jpg", ".jpeg", ".png")


def natural_key(name: str) -> tuple[tuple[int, str], ...]:
    """Sorts frame_2 before frame_10."""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"([0-9]+)", name))


def image_paths(folder: Path) -> list[Path]:
    """Images of a folder in natural order; raises Malformed when it has none."""
    paths = [p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file()]
    if not paths:
        raise Malformed("video", f"{folder} has no images", f"put {', '.join(SUFFIXES)} files there")
    return sorted(paths, key=lambda p: natural_key(p.name))


def read_gray(path: Path) -> NDArray[np.uint8] | None:
    """(height, width) uint8; None when the file is no readable image."""
    try:
        data = np.fromfile(path, dtype=np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if data.size else None
    except (OSError, cv2.error):
        return None
    return None if image is None else np.asarray(image, dtype=np.uint8)


def images(folder: Path) -> Iterator[tuple[Path, NDArray[np.uint8] | None]]:
    """(path, gray or None when unreadable) of each image, in natural order."""
    for path in image_paths(folder):
        yield path, read_gray(path)
