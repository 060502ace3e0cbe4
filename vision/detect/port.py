"""The detector port."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from core.events import Box
from core.units import within

Gray = NDArray[np.uint8]
"""(height, width) of a thermal frame, white-hot."""


@dataclass(frozen=True, slots=True)
class Detection:
    """Something warm in one frame. `label` Person, or Other: warm and by its size no person (car, animal, roof),
    kept so that a track on it can be ruled out. `score` 0 to 1, higher is surer."""

    box: Box
    label: Literal["Person", "Other"]
    score: float
    level: float = 0.0
    """Grey levels of its warmest pixel above its surroundings; 0 when the detector does not tell. It means a
    temperature only with a radiometric camera (fixed range)."""

    def __post_init__(self) -> None:
        within("detection.score", self.score, 0.0, 1.0)


class Detector(Protocol):
    """Finds people in one frame at a time; holds no memory of earlier frames."""

    @property
    def name(self) -> str:
        """Short name, for the record."""
        ...

    @property
    def version(self) -> str:
        """Changes when its answers may."""
        ...

    def find(self, gray: Gray, metres_per_px: float | None = None) -> tuple[Detection, ...]:
        """Detections in a frame, best first. `metres_per_px`: ground sampling distance when known."""
        ...
