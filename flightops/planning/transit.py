"""Ways between home and a sector round no-fly zones. Over them nobody may fly; outside the area one may, unless a fence
is given.

What a way keeps clear of is made once an area (`Transits.of`): zones grown by CLEAR_M, and the shortest ways between
their corners. A way is then found by sight from its ends to these corners. An end that lies nearer to a zone or fence
than CLEAR_M (sweeps do) first leads straight out of that margin, in the direction that makes the whole way shortest.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from core.errors import Refused
from core.geo import Area, Floats, LatLon, LocalFrame
from flightops.planning.area import checked_area
from flightops.planning.paths.timing import Pace
from flightops.planning.paths.visibility import Links

CLEAR_M = 5.0
ROOM_M = 4.9
HAIR_M = 0.05
"""An end leads this much further out of the margin than to its edge, so that it sees the corners."""
FIELD_M = 200_000.0
"""How far from the area homes may lie."""
RAYS = 24
MOST_TIPS = 4
KEEP = 0.7
"""On its way out of the margin a drone keeps this share of the distance that its end has from zones."""
MOST_CORNERS = 300
COARSE_M = (0.0, 0.3, 1.0, 3.0, 10.0)


@dataclass(frozen=True)
class Transits:
    """Ways in one area, m of `frame`. Build it with `Transits.of`.

    `allowed`: where a drone may be, zones cut out; `parts`: links in each piece of it that keeps CLEAR_M from its edge.
    """

    frame: LocalFrame
    zones: tuple[Polygon, ...]
    allowed: BaseGeometry
    parts: tuple[Links, ...]
    fenced: bool

    @staticmethod
    def of(area: Area, pace: Pace | None = None, fence: Area | None = None) -> Transits:
        """Ways off the area's holes and, given a fence, inside it and off its holes. Raises Malformed: no such area."""
        ground = checked_area(area)
        zones = [Polygon(r) for r in ground.polygon.interiors]
        field: Polygon = ground.polygon.envelope.buffer(FIELD_M, join_style="mitre")
        if fence is not None:
            limits = _in_frame(checked_area(fence, "fence").area, ground.frame)
            field = Polygon(limits.exterior)
            zones += [Polygon(r) for r in limits.interiors]
        allowed = field.difference(shapely.union_all(zones)) if zones else field
        shapely.prepare(allowed)
        pace = pace or Pace()
        parts = tuple(Links(room, inner, pace) for inner, room in _rooms(field, zones))
        for links in parts:
            shapely.prepare(links.room)
        return Transits(ground.frame, tuple(zones), allowed, parts, fence is not None)

    def way(self, start: LatLon, end: LatLon) -> tuple[LatLon, ...] | Refused:
        """Start, bends and end. Refused when an end lies over a zone or outside the fence, or no way leads there."""
        ends = np.array([self.frame.to_xy(start), self.frame.to_xy(end)])
        found = self.way_m(ends[0], ends[1])
        if isinstance(found, Refused):
            return found
        bends = self.frame.to_lonlat_many(found[1:-1])
        return (start, *(LatLon(float(lat), float(lon)) for lon, lat in bends), end)

    def way_m(self, start: Floats, end: Floats) -> Floats | Refused:
        """As `way`, between places (2,) m of the frame: (n, 2), ends included."""
        for name, place in (("home", start), ("path", end)):
            wrong = self._outside(name, place)
            if wrong is not None:
                return wrong
        tips = [self._tips(start, end), self._tips(end, start)]
        best: tuple[float, Floats] | None = None
        for links in self.parts:
            one, two = (t[shapely.contains_xy(links.room, t[:, 0], t[:, 1])] for t in tips)
            found = _shortest(links, (start, one), (two, end)) if len(one) and len(two) else None
            if found is not None and (best is None or found[0] < best[0]):
                best = found
        if best is None:
            return self._narrow(start, end)
        return best[1]

    def _outside(self, name: str, place: Floats) -> Refused | None:
        point = shapely.Point(place)
        over = [k for k, zone in enumerate(self.zones) if zone.intersects(point)]
        if over:
            return Refused.because(name, f"it lies over no-fly zone {over[0] + 1}", "move it out")
        if not self.allowed.intersects(point):
            where = "outside the fence" if self.fenced else f"over {FIELD_M / 1000:.0f} km from the area"
            return Refused.because(name, f"it lies {where}", "move it nearer")
        return None

    def _tips(self, place: Floats, towards: Floats) -> Floats:
        """Where a way from a place may begin to keep CLEAR_M, (n, 2): the place itself, or just out of the margin."""
        if any(links.room.contains(shapely.Point(place)) for links in self.parts):
            return place[None, :]
        turn = np.arctan2(*(towards - place)[::-1]) + np.arange(RAYS) * 2 * np.pi / RAYS
        reach = 4 * CLEAR_M
        rays = shapely.linestrings(
            np.stack([np.repeat(place[None], RAYS, axis=0), place + reach * _unit(turn)], axis=1)
        )
        rooms = shapely.multipolygons([links.room for links in self.parts])
        out = shapely.distance(shapely.intersection(rays, rooms), shapely.Point(place))
        tips = place + _unit(turn) * (out + HAIR_M)[:, None]
        clear = self._unharmed(place, tips[np.isfinite(out)])
        crow_m = np.hypot(*(clear - place).T) + np.hypot(*(clear - towards).T)
        return clear[np.argsort(crow_m, kind="stable")[:MOST_TIPS]]

    def _unharmed(self, place: Floats, tips: Floats) -> Floats:
        """Those tips to which the straight way stays as far from zones and fence as KEEP asks."""
        if not len(tips):
            return tips
        edge = self.allowed.boundary
        ways = shapely.linestrings(np.stack([np.repeat(place[None], len(tips), axis=0), tips], axis=1))
        least = KEEP * float(edge.distance(shapely.Point(place)))
        clear: Floats = tips[shapely.distance(ways, edge) >= least]
        return clear

    def _narrow(self, start: Floats, end: Floats) -> Floats | Refused:
        """A way between ends deep in a narrow place, with margins as wide as it allows; made anew each time."""
        edge = self.allowed.boundary
        clear = 0.8 * min(float(edge.distance(shapely.Point(p))) for p in (start, end))
        while clear > 1e-3:
            for inner, room in _shrunk(self.allowed, clear, 0.98 * clear):
                if all(room.contains(shapely.Point(p)) for p in (start, end)):
                    bends = Links(room, inner, self.parts[0].pace if self.parts else Pace()).ways(
                        start[None], end[None]
                    )
                    return np.concatenate([start[None], bends[0], end[None]])
            clear /= 4
        return Refused.because("home", "no way leads round the no-fly zones", "choose another home")


def transit(area: Area, start: LatLon, end: LatLon, pace: Pace | None = None) -> tuple[LatLon, ...] | Refused:
    """One way in an area, as `Transits.way`; for more than one make the `Transits` once."""
    return Transits.of(area, pace).way(start, end)


def _unit(turn_rad: Floats) -> Floats:
    return np.column_stack([np.cos(turn_rad), np.sin(turn_rad)])


def _in_frame(area: Area, frame: LocalFrame) -> Polygon:
    rings = [np.array([frame.to_xy(p) for p in ring]) for ring in (area.outer, *area.holes)]
    return Polygon(rings[0], rings[1:])


def _rooms(field: Polygon, zones: list[Polygon]) -> list[tuple[Polygon, Polygon]]:
    """Pairs of `Links` (inner, room) in the field off the zones; zones with many corners are rounded outwards."""
    for coarse in COARSE_M:
        plain = [shapely.simplify(z.buffer(1.1 * coarse, quad_segs=2), coarse) if coarse else z for z in zones]
        left = field.difference(shapely.union_all(plain)) if plain else field
        pairs = _shrunk(left, CLEAR_M, ROOM_M)
        if sum(shapely.get_num_coordinates(inner) for inner, _ in pairs) <= MOST_CORNERS:
            return pairs
    left = field.difference(shapely.union_all([z.convex_hull for z in zones]))
    return _shrunk(left, CLEAR_M, ROOM_M)


def _shrunk(left: BaseGeometry, inner_m: float, room_m: float) -> list[tuple[Polygon, Polygon]]:
    """Pieces of what is left that keep `inner_m` and `room_m` from its edge: each inner with the room it lies in."""
    inners, rooms = (shapely.get_parts(_less(left, m)) for m in (inner_m, room_m))
    pairs = []
    for room in rooms:
        mine = [p for p in inners if p.area > 0 and room.contains(p.representative_point())]
        if room.area > 0 and mine:
            pairs.append((max(mine, key=lambda p: float(p.area)), room))
    return pairs


def _less(left: BaseGeometry, by_m: float) -> BaseGeometry:
    """What keeps `by_m` from the edge: square corners, but round where a square one would be cut off too near."""
    square = left.buffer(-by_m, join_style="mitre", mitre_limit=3.0)
    return shapely.simplify(square.intersection(left.buffer(-by_m, quad_segs=4)), 1e-3)


def _shortest(links: Links, begin: tuple[Floats, Floats], finish: tuple[Floats, Floats]) -> tuple[float, Floats] | None:
    """Seconds and points (n, 2) of the best way from a place (2,) by one of its tips (k, 2), by one of the tips (m, 2)
    of another place to it; None when there is none."""
    (start, one), (two, end) = begin, finish
    ahead, behind = (links.pace.run_s(np.hypot(*(t - p).T)) for t, p in ((one, start), (two, end)))
    total = ahead[:, None] + links.times_s(one, two) + behind[None, :]
    i, j = np.unravel_index(int(np.argmin(total)), total.shape)
    if not np.isfinite(total[i, j]):
        return None
    bends = links.ways(one[i : i + 1], two[j : j + 1])[0]
    points = np.concatenate([start[None], one[i : i + 1], bends, two[j : j + 1], end[None]])
    return float(total[i, j]), _without_straights(points)


def _without_straights(points: Floats) -> Floats:
    """The points without those that lie on the spot of, or straight between, their neighbours."""
    kept = [points[0]]
    for here, after in pairwise(points[1:]):
        a, b = here - kept[-1], after - here
        if np.hypot(*a) > 1e-6 and abs(a[0] * b[1] - a[1] * b[0]) > 1e-6 * np.hypot(*a) * max(np.hypot(*b), 1e-9):
            kept.append(here)
    return np.array([*kept, points[-1]])
