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
    the area, the rows to scan (None: along the thread at hand), ground that rows overlook, m^2."""

    area: Polygon
    cover: float
    swath_m: float
    links: Links
    scan: Scan | None = None
    lacking_m2: float = 0.0

    @property
    def spare_m2(self) -> float:
        """Ground that may stay unseen, m^2."""
        return float(self.area.area) * max(1.0 - self.cover - SLACK, 0.0)

    def unseen_m2(self, thread: Thread) -> float:
        """Ground a thread leaves unseen, m^2."""
        scan = self.scan or Scan.along(thread.lines, self.area, self.swath_m)
        return scan.unseen_m2(thread.path(), self.swath_m) + self.lacking_m2


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


def _with_stubs(lines: Floats, stubs: list[Floats], links: Links) -> Floats:
    """Lines (m, 2, 2) with each stub where, and in the direction in which, it costs least."""
    every = np.concatenate([lines, np.array(stubs)])
    turn = 2.0 * links.pace.turn_s
    m, starts, ends = len(lines), every[:, 0], every[:, 1]
    # hop[i, p, j, q]: from tip p of piece i to tip q of piece j; only hops from or to a stub are looked up
    tips = every.reshape(-1, 2)
    hop = links.times_s(tips[2 * m :], tips) + turn
    link_s = dict(zip(zip(range(m - 1), range(1, m), strict=True), _link_times(starts, ends, m, links), strict=True))
    order = [(k, False) for k in range(m)]

    def time_s(a: tuple[int, bool], b: tuple[int, bool]) -> float:
        leave, enter = 2 * a[0] + (not a[1]), 2 * b[0] + b[1]
        if a[0] >= m:
            return float(hop[leave - 2 * m, enter])
        return float(hop[enter - 2 * m, leave]) if b[0] >= m else link_s[a[0], b[0]] + turn

    for k in range(m, len(every)):
        saved = [0.0, *(time_s(a, b) for a, b in pairwise(order)), 0.0]
        best = (np.inf, 0, False)
        for flip in (False, True):
            before = [0.0, *(time_s(a, (k, flip)) for a in order)]
            after = [*(time_s((k, flip), b) for b in order), 0.0]
            added = np.array(before) + after - saved
            at = int(added.argmin())
            best = min(best, (float(added[at]), at, flip))
        order.insert(best[1], (k, best[2]))
    return np.stack([every[k, ::-1] if flip else every[k] for k, flip in order])


def _link_times(starts: Floats, ends: Floats, m: int, links: Links) -> list[float]:
    """Times of the links between consecutive lines, s; a bent one counts by its own legs."""
    bends = links.ways(ends[: m - 1], starts[1:m])
    paths = [np.concatenate([ends[k : k + 1], bend, starts[k + 1 : k + 2]]) for k, bend in enumerate(bends)]
    return [
        float(links.pace.run_s(np.hypot(*np.diff(p, axis=0).T)).sum()) + links.pace.turn_s * (len(p) - 2) for p in paths
    ]


def patched(thread: Thread, aim: Aim) -> Thread | None:
    """The thread with stubs added until it covers what was asked; None when stubs do not get there."""
    for _ in range(STUB_ROUNDS):
        if aim.unseen_m2(thread) <= aim.spare_m2:
            return thread
        stubs = _wanted(thread, aim)
        thread = linked(_with_stubs(thread.lines, stubs, aim.links), aim.links)
    return thread if aim.unseen_m2(thread) <= aim.spare_m2 else None
