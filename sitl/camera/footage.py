"""Real thermal pictures as a downlink: a folder of images, in the order of their names, for ever."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from core.camera import Camera
from core.errors import Malformed
from sitl.world.heat import Bytes

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp"})


class Footage:
    """Frames of a folder, grey, fitted into the camera's picture with black bars. Raises Malformed when it has none."""

    def __init__(self, folder: Path, camera: Camera) -> None:
        try:
            self._files = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES)
        except OSError as e:
            raise Malformed("footage", f"can't read {folder}: {e.strerror}", "give a folder of thermal images") from e
        if not self._files:
            raise Malformed("footage", f"no image in {folder}", f"wanted: {', '.join(sorted(SUFFIXES))}")
        self._camera = camera
        self._next = 0

    def frame(self) -> Bytes:
        """The next picture that can be read; after the last one the first again. Raises Malformed when none can."""
        for _ in self._files:
            path = self._files[self._next % len(self._files)]
            self._next += 1
            image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
            if image is not None:
                return _fitted(np.asarray(image, dtype=np.uint8), self._camera)
        raise Malformed("footage", "no picture of the folder can be read", "are these images?")


def _fitted(image: Bytes, camera: Camera) -> Bytes:
    height, width = image.shape
    scale = min(camera.width_px / width, camera.height_px / height)
    size = (round(width * scale), round(height * scale))
    if size != (width, height):
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    made = np.zeros((camera.height_px, camera.width_px), np.uint8)
    top, left = (camera.height_px - size[1]) // 2, (camera.width_px - size[0]) // 2
    made[top : top + size[1], left : left + size[0]] = image
    return made
