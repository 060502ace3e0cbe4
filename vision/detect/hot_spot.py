"""People as small warm spots: white top-hat, connected pixels, a size and shape gate, contrast against a local ring.

It knows nothing of what a person looks like. On HIT-UAV such a detector finds people and much else (ANCHORS section
2); over a track of several frames on known ground it is strict enough for a search.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.events import Box
from vision.detect.port import Detection, Gray

HOT_SHARE = 0.96
"""Share of a frame's pixels that is never looked at: people are far less than the rest."""
RING_SAMPLES = 256
MAX_WARM_RING = 0.15
"""More of the ring than this as warm as the spot: it is the edge of something larger."""
HAT_SIDE = 2.0
"""Side of the top-hat's square in longest lengths of a person: what fits in is lost, what does not stays whole."""


@dataclass(frozen=True, slots=True)
class HotSpotSettings:
    """Gates. Sizes in px hold where the ground sampling distance is unknown, sizes in m where it is known."""

    min_length_m: float = 0.15
    """Less than a person (0.3 m): a gap in the canopy shows a part."""
    max_length_m: float = 2.2
    max_width_m: float = 1.0
    """Of the shorter side: a bonnet or a boulder is as long as a person, and wider."""
    min_length_px: float = 6.0
    max_length_px: float = 30.0
    min_area_px: int = 4
    min_level: float = 12.0
    """Grey levels above the surroundings."""
    min_contrast: float = 5.0
    """Robust sigmas of the local ring above its median."""
    max_candidates: int = 32
    max_found: int = 32
    margin_px: float = 2.0


class HotSpot:
    """Detector port, see the module. At most a handful of ms for a 640 x 512 frame on one core."""

    name = "hot-spot"
    version = "1"

    def __init__(self, settings: HotSpotSettings | None = None) -> None:
        self._set = settings or HotSpotSettings()

    def find(self, gray: Gray, metres_per_px: float | None = None) -> tuple[Detection, ...]:
        """Detections, best first; raises ValueError for anything but a 2-D uint8 frame."""
        if gray.ndim != 2 or gray.dtype != np.uint8 or min(gray.shape) < 16:
            raise ValueError(f"a frame is (height, width) uint8, at least 16 px a side; got {gray.shape} {gray.dtype}")
        longest = self._longest_px(metres_per_px)
        smooth = np.asarray(cv2.GaussianBlur(gray, (3, 3), 0), dtype=np.uint8)
        hat = _top_hat(smooth, longest)
        spots = (_spot(smooth, hat, seed) for seed in self._seeds(hat))
        judged = (self._judge(s, longest, metres_per_px) for s in spots if s is not None)
        found = sorted((d for d in judged if d is not None), key=lambda d: -d.score)
        return tuple(_without_doubles(found)[: self._set.max_found])

    def _longest_px(self, metres_per_px: float | None) -> float:
        if metres_per_px is None:
            return self._set.max_length_px
        return min(max(self._set.max_length_m / metres_per_px, 8.0), 120.0)

    def _seeds(self, hat: Gray) -> list[Seed]:
        """The connected warm spots, those with the brightest pixel first."""
        sample = hat[::4, ::4].ravel()
        level = max(self._set.min_level, float(np.partition(sample, k := int(HOT_SHARE * sample.size))[k]))
        mask = cv2.threshold(hat, level, 255, cv2.THRESH_BINARY)[1]
        count, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(mask, 8, cv2.CV_32S, cv2.CCL_WU)
        pixels = np.flatnonzero(mask.view(np.bool_))
        dimmest_first = pixels[np.argsort(hat.ravel()[pixels], kind="stable")]
        peaks = np.zeros(count, dtype=np.intp)
        peaks[labels.ravel()[dimmest_first]] = dimmest_first
        heights = hat.ravel()[peaks].astype(np.float64)
        heights[stats[:, cv2.CC_STAT_AREA] < self._set.min_area_px] = 0.0
        heights[0] = 0.0
        best = np.argsort(-heights, kind="stable")[: self._set.max_candidates]
        width = hat.shape[1]
        return [
            Seed(divmod(int(peaks[k]), width), tuple(int(v) for v in stats[k][:4]), max(level, 0.5 * heights[k]))
            for k in best
            if heights[k] > 0.0
        ]

    def _judge(self, spot: Spot, longest_px: float, metres_per_px: float | None) -> Detection | None:
        s = self._set
        length = max(spot.box.width_px, spot.box.height_px)
        shortest = s.min_length_px if metres_per_px is None else min(s.min_length_px, s.min_length_m / metres_per_px)
        if spot.area_px < s.min_area_px or length < shortest or spot.contrast < s.min_contrast:
            return None
        if spot.level < s.min_level:
            return None
        width = 0.0 if metres_per_px is None else min(spot.box.width_px, spot.box.height_px) * metres_per_px
        if length > longest_px * 1.1 or width > s.max_width_m:
            return Detection(spot.box, "Other", spot.score(), spot.peak)
        return Detection(_grown(spot.box, s.margin_px), "Person", spot.score(), spot.peak)


@dataclass(frozen=True, slots=True)
class Seed:
    """A connected warm spot: (row, column) of its brightest pixel, box (x, y, width, height) in px, and half the
    peak's height over its surroundings, grey levels (never below the level the spot was found at)."""

    peak: tuple[int, int]
    box: tuple[int, ...]
    half: float


@dataclass(frozen=True, slots=True)
class Spot:
    """A warm spot at half its height: its box, pixels, level above its ring (grey levels) and the same in
    robust sigmas of the ring, and its warmest pixel's level."""

    box: Box
    area_px: int
    level: float
    contrast: float
    peak: float

    def score(self) -> float:
        """0 to 1: grows with level, contrast and how well the pixels fill a compact box."""
        fill = self.area_px / (self.box.width_px * self.box.height_px)
        long, short = sorted((self.box.width_px, self.box.height_px), reverse=True)
        shape = min(1.0, fill / 0.6) * min(1.0, 3.0 * short / long)
        return (1.0 - math.exp(-self.contrast / 10.0)) * (1.0 - math.exp(-self.level / 30.0)) * shape


def _top_hat(smooth: Gray, longest_px: float) -> Gray:
    """What stands out of surroundings wider than a person."""
    side = int(longest_px * HAT_SIDE) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (side, side))
    return np.asarray(cv2.morphologyEx(smooth, cv2.MORPH_TOPHAT, kernel), dtype=np.uint8)


def _spot(smooth: Gray, hat: Gray, seed: Seed) -> Spot | None:
    """The pixels around a seed's peak that are connected to it above its half height."""
    x, y, w, h = seed.box
    warm = (hat[y : y + h, x : x + w] > seed.half).view(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(warm, connectivity=8)
    label = labels[seed.peak[0] - y, seed.peak[1] - x]
    left, top, w, h, area = (int(v) for v in stats[label])
    inside = labels[top : top + h, left : left + w] == label
    x, y = x + left, y + top
    pad = max(3, int(0.6 * max(w, h)))
    near = (slice(max(y - pad, 0), y + h + pad), slice(max(x - pad, 0), x + w + pad))
    around = smooth[near][hat[near] <= seed.half]
    if around.size < 12:
        return None
    around = around[:: around.size // RING_SAMPLES + 1].astype(np.int16)
    middle = _middle(around)
    sigma = max(1.0, 1.4826 * _middle(np.abs(around - np.int16(middle))))
    pixels = smooth[y : y + h, x : x + w][inside]
    level, peak = float(pixels.mean()) - middle, float(pixels.max()) - middle
    if float((around >= middle + 0.5 * level).mean()) > MAX_WARM_RING:
        return None
    return Spot(Box(x, y, w, h), area, level, level / sigma, peak)


def _middle(values: NDArray[Any]) -> float:
    """Upper median of a few hundred values."""
    k = values.size // 2
    return float(np.partition(values, k)[k])


def _grown(box: Box, margin_px: float) -> Box:
    m = margin_px
    return Box(box.x_px - m, box.y_px - m, box.width_px + 2 * m, box.height_px + 2 * m)


def _without_doubles(best_first: list[Detection]) -> list[Detection]:
    """Leaves out each detection whose middle lies in the box of a better one."""
    kept: list[Detection] = []
    for d in best_first:
        x, y = d.box.x_px + d.box.width_px / 2.0, d.box.y_px + d.box.height_px / 2.0
        if not any(_holds(k.box, x, y) for k in kept):
            kept.append(d)
    return kept


def _holds(box: Box, x: float, y: float) -> bool:
    return box.x_px <= x <= box.x_px + box.width_px and box.y_px <= y <= box.y_px + box.height_px
