"""Making a thread cover what was asked: ends drawn in as far as the cover allows, stubs flown where it falls short."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from shapely import Polygon

from core.geo import Floats
from flightops.planning.paths.scan import Scan
from flightops.planning.paths.thread import Thread, drawn_in, ends_of, linked
from flightops.planning.paths.verify import unseen
from flightops.planning.paths.visibility import Links

COARSE_SEGS = 12
TRIM_ROUNDS = 8
STUB_ROUNDS = 8
MOST_STUBS = 60
SLACK = 4e-5
"""Cover asked for beyond the order, so that the exact measurement seldom falls a hair short."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What is to be covered: the true area, the share asked (0 to 1), the swath m, the links of
    the area and its rows; ground that the rows overlook, m^2."""

    area: Polygon
    cover: float
    swath_m: float
    links: Links
    scan: Scan
    lacking_m2: float = 0.0

    @property
    def spare_m2(self) -> float:
        """Ground that may stay unseen, m^2."""
        return float(self.area.area) * max(1.0 - self.cover - SLACK, 0.0)

    def unseen_m2(self, thread: Thread) -> float:
        """Ground a thread leaves unseen, m^2."""
        return self.scan.unseen_m2(thread.path(), self.swath_m) + self.lacking_m2


def tightened(thread: Thread, edges: Floats, aim: Aim) -> Thread:
    """Line ends drawn in from the cells' edges (n, 2, 2) as far as the cover asked allows; `thread` must allow some."""
    ends = ends_of(thread, edges, aim.swath_m)
    low, low_at = 0.0, aim.unseen_m2(thread)
    if low_at > aim.spare_m2:
        return thread
    best, high, high_at = thread, aim.swath_m * 0.75, np.inf
    for _ in range(TRIM_ROUNDS):
        share = np.sqrt((aim.spare_m2 - low_at) / (high_at - low_at)) if np.isfinite(high_at) else 0.45
        rate = low + (high - low) * float(np.clip(share, 0.15, 0.9))
        tried = linked(drawn_in(thread, ends, aim.swath_m, rate), aim.links)
        lost = aim.unseen_m2(tried)
        if lost <= aim.spare_m2:
            best, low, low_at = tried, rate, lost
        else:
            high, high_at = rate, lost
        if high - low < 0.01 * aim.swath_m or aim.spare_m2 - low_at < 0.03 * aim.spare_m2:
            break
    return best


def _stub(part: Polygon, inner: Polygon, swath_m: float) -> Floats:
    """(2, 2): a short line inside `inner` that covers `part`, or most of it when it is wide."""
    box = shapely.oriented_envelope(part)
    if isinstance(box, Polygon):
        ring = np.asarray(box.exterior.coords)[:4]
        a, b = (ring[0] + ring[3]) / 2, (ring[1] + ring[2]) / 2
        c, d = (ring[0] + ring[1]) / 2, (ring[3] + ring[2]) / 2
        ends = np.stack([a, b] if np.hypot(*(b - a)) >= np.hypot(*(d - c)) else [c, d])
        long = float(np.hypot(*(ends[1] - ends[0])))
        draw = min(0.35 * swath_m, 0.45 * long) / max(long, 1e-9)
        axis = shapely.linestrings(ends + np.array([draw, -draw])[:, None] * (ends[1] - ends[0]))
        inside = [p for p in shapely.get_parts(shapely.intersection(axis, inner)) if p.length > 0.5]
        if inside:
            return np.asarray(max(inside, key=lambda p: (p.length, p.bounds)).coords)[[0, -1]]
    near = np.asarray(shapely.shortest_line(inner, part.representative_point()).coords)[0]
    return np.stack([near, near])


def _wanted(thread: Thread, aim: Aim) -> list[Floats]:
    """Stubs for the largest unseen parts, as many as the cover asked needs."""
    gaps = unseen(aim.area, (thread.path(),), aim.swath_m, COARSE_SEGS)
    gaps.sort(key=lambda p: (-p.area, p.bounds))
    left = sum(p.area for p in gaps) + aim.lacking_m2
    stubs = []
    for gap in gaps[:MOST_STUBS]:
        if left <= aim.spare_m2 * 0.98:
            break
        stubs.append(_stub(gap, aim.links.inner, aim.swath_m))
        left -= gap.area
    return stubs


def _inserted(lines: Floats, stub: Floats, links: Links) -> Floats:
    """Lines with the stub at the place and in the direction that cost least."""
    turn = 2.0 * links.pace.turn_s
    ahead = links.times_s(lines[:, 1], stub) + turn
    onward = links.times_s(stub, lines[:, 0]) + turn
    now = [float(links.times_s(a[1:], b[:1])[0, 0]) + turn for a, b in pairwise(lines)]
    saved = np.array([0.0, *now, 0.0])
    best = (np.inf, 0, 0)
    for flip in (0, 1):
        added = np.concatenate([[0.0], ahead[:, flip]]) + np.concatenate([onward[1 - flip], [0.0]]) - saved
        at = int(added.argmin())
        best = min(best, (float(added[at]), at, flip))
    return np.insert(lines, best[1], stub[::-1] if best[2] else stub, axis=0)


def patched(thread: Thread, aim: Aim) -> Thread | None:
    """The thread with stubs added until it covers what was asked; None when stubs do not get there."""
    for _ in range(STUB_ROUNDS):
        if aim.unseen_m2(thread) <= aim.spare_m2:
            return thread
        stubs = _wanted(thread, aim)
        lines = thread.lines
        for stub in stubs:
            lines = _inserted(lines, stub, aim.links)
        thread = linked(lines, aim.links)
    return thread if aim.unseen_m2(thread) <= aim.spare_m2 else None
