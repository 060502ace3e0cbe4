"""Ways between home and a sector round no-fly zones. Over them nobody may fly; outside the area one may, unless a fence
is given.

What a way keeps clear of is made once an area (`Transits.of`): zones grown by CLEAR_M, and the shortest ways between
their corners. A way is then found by sight from its ends to these corners. An end that lies nearer to a zone or fence
than CLEAR_M (sweeps do) first leads out of that margin: straight, in the direction that makes the whole way shortest,
or with bends out of a notch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from core.errors import Refused
from core.geo import Area, Floats, LatLon, LocalFrame
from flightops.planning.area import checked_area
from flightops.planning.paths.timing import Pace, flight_s
from flightops.planning.paths.visibility import Links
from flightops.planning.rings import offset

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
LEAST_M = 1e-3
MOST_CORNERS = 300
COARSE_M = (0.0, 0.3, 1.0, 3.0, 8.0)


@dataclass(frozen=True)
class Transits:
    """Ways in one area, m of `frame`. Build it with `Transits.of`.

    `allowed`: where a drone may be, zones cut out; `parts`: links in each piece of it that keeps CLEAR_M from its edge.
    """

    frame: LocalFrame
    zones: tuple[Polygon, ...]
    allowed: BaseGeometry
    parts: tuple[Links, ...]
    pace: Pace
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
        return Transits(ground.frame, tuple(zones), allowed, parts, pace, fence is not None)

    def paced(self, pace: Pace) -> Transits:
        """The same air with the ways that are quickest at another pace."""
        if pace == self.pace:
            return self
        return replace(self, pace=pace, parts=tuple(Links(links.room, links.inner, pace) for links in self.parts))

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
            wrong = self.outside(name, place)
            if wrong is not None:
                return wrong
        leads = [self._leads(start, end), self._leads(end, start)]
        best: tuple[float, Floats] | None = None
        for links in self.parts:
            one, two = ([way for way in ways if _inside(links.room, way[-1])] for ways in leads)
            found = _shortest(links, one, two) if one and two else None
            if found is not None and (best is None or found[0] < best[0]):
                best = found
        if best is None:
            return self._narrow(start, end)
        return best[1]

    def times_s(self, places: Floats, end: Floats) -> Floats:
        """(n, 2) m -> (n,) flight times of the ways from there to an end (2,), s, in the wind of the pace; inf where
        there is none. A stop is counted at every bend, so none takes longer than told."""
        best = np.full(len(places), np.inf)
        for links in self.parts:
            inside = shapely.contains_xy(links.room, places[:, 0], places[:, 1])
            if inside.any() and _inside(links.room, end):
                both_ways_s = links.times_s(places[inside], end[None])[:, 0]
                best[inside] = np.minimum(best[inside], both_ways_s - self.pace.carried_s(end - places[inside]))
        for k in np.flatnonzero(np.isinf(best)):
            way = self.way_m(places[k], end)
            best[k] = np.inf if isinstance(way, Refused) else flight_s(way, self.pace)
        return best

    def outside(self, name: str, place: Floats) -> Refused | None:
        point = shapely.Point(place)
        over = [k for k, zone in enumerate(self.zones) if zone.intersects(point)]
        if over:
            return Refused.because(name, f"it lies over no-fly zone {over[0] + 1}", "move it out")
        if not self.allowed.intersects(point):
            where = "outside the fence" if self.fenced else f"over {FIELD_M / 1000:.0f} km from the area"
            return Refused.because(name, f"it lies {where}", "move it nearer")
        return None

    def _leads(self, place: Floats, towards: Floats) -> list[Floats]:
        """Ways (k, 2) from a place to where CLEAR_M is kept: the place alone, straight out, or out of a notch."""
        if any(_inside(links.room, place) for links in self.parts):
            return [place[None, :]]
        if not self.parts:
            return []
        rooms = shapely.multipolygons([links.room for links in self.parts])
        gap = float(rooms.distance(shapely.Point(place)))
        turn = np.arctan2(*(towards - place)[::-1]) + np.arange(RAYS) * 2 * np.pi / RAYS
        out = shapely.distance(
            shapely.intersection(_rays(place, place + (2 * gap + 2 * CLEAR_M) * _unit(turn)), rooms),
            shapely.Point(place),
        )
        tips = (place + _unit(turn) * (out + HAIR_M)[:, None])[np.isfinite(out)]
        crow_m = np.hypot(*(tips - place).T) + np.hypot(*(tips - towards).T)
        tips = tips[np.argsort(crow_m, kind="stable")]
        edge = self.allowed.boundary
        least = KEEP * float(edge.distance(shapely.Point(place)))
        straight = tips[shapely.distance(_rays(place, tips), edge) >= least][:MOST_TIPS] if len(tips) else tips
        return [np.stack([place, tip]) for tip in straight] or self._out_of_notch(place, tips, 2 * gap + 6 * CLEAR_M)

    def _out_of_notch(self, place: Floats, tips: Floats, reach_m: float) -> list[Floats]:
        """The quickest way (k, 2) from a place to one of the tips (n, 2), looking no further than `reach_m` around."""
        if not len(tips):
            return []
        near = self.allowed.intersection(shapely.box(*(place - reach_m), *(place + reach_m)))
        clear = KEEP * float(self.allowed.boundary.distance(shapely.Point(place)))
        while clear > LEAST_M:
            for inner, room in _shrunk(near, clear, 0.8 * clear):
                ends = tips[shapely.contains_xy(room, tips[:, 0], tips[:, 1])]
                if not _inside(room, place) or not len(ends):
                    continue
                links = Links(room, inner, self.pace)
                times = links.times_s(place[None], ends)[0]
                if np.isfinite(times.min()):
                    tip = ends[int(times.argmin())]
                    return [np.concatenate([place[None], links.ways(place[None], tip[None])[0], tip[None]])]
            clear /= 3
        return []

    def _narrow(self, start: Floats, end: Floats) -> Floats | Refused:
        """A way between ends that no place with CLEAR_M lies near to: with margins as wide as the land allows."""
        refused = Refused.because("home", "no way leads round the no-fly zones", "choose another home")
        if shapely.get_num_coordinates(self.allowed) > MOST_CORNERS:
            return refused
        edge = self.allowed.boundary
        clear = KEEP * min(float(edge.distance(shapely.Point(p))) for p in (start, end))
        while clear > LEAST_M:
            for inner, room in _shrunk(self.allowed, clear, 0.8 * clear):
                if _inside(room, start) and _inside(room, end):
                    links = Links(room, inner, self.pace)
                    return np.concatenate([start[None], links.ways(start[None], end[None])[0], end[None]])
            clear /= 3
        return refused


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
    pairs: list[tuple[Polygon, Polygon]] = []
    for coarse in COARSE_M:
        plain = [shapely.simplify(z.buffer(1.1 * coarse, quad_segs=2), coarse) if coarse else z for z in zones]
        within = shapely.simplify(field.buffer(-1.1 * coarse, quad_segs=2), coarse) if coarse else field
        left = within.difference(shapely.union_all(plain)) if plain else within
        pairs = _shrunk(left, CLEAR_M, ROOM_M)
        if sum(shapely.get_num_coordinates(inner) for inner, _ in pairs) <= MOST_CORNERS:
            break
    return pairs


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
    square = offset(left, -by_m)
    return shapely.simplify(square.intersection(left.buffer(-by_m, quad_segs=4)), 1e-3 * by_m)


def _shortest(links: Links, leads: list[Floats], trails: list[Floats]) -> tuple[float, Floats] | None:
    """Seconds and points (n, 2) of the best way that begins with one of the leads and ends with one of the trails
    (each (k, 2), from its place outwards); None when there is none."""
    one, two = (np.array([way[-1] for way in ways]) for ways in (leads, trails))
    ahead, behind = (np.array([_both_ways_s(way, links.pace) for way in ways]) for ways in (leads, trails))
    total = ahead[:, None] + links.times_s(one, two) + behind[None, :]
    i, j = np.unravel_index(int(np.argmin(total)), total.shape)
    if not np.isfinite(total[i, j]):
        return None
    bends = links.ways(one[i : i + 1], two[j : j + 1])[0]
    return float(total[i, j]), _without_straights(np.concatenate([leads[i], bends, trails[j][::-1]]))


def _both_ways_s(way: Floats, pace: Pace) -> float:
    """Flight time of a way (k, 2), the mean of both directions, s, as `Links` counts."""
    return flight_s(way, pace) + float(pace.carried_s(way[-1] - way[0]))


def _inside(room: BaseGeometry, place: Floats) -> bool:
    return bool(shapely.contains_xy(room, place[0], place[1]))


def _rays(place: Floats, ends: Floats) -> NDArray[np.object_]:
    """Straight ways from a place (2,) to ends (n, 2)."""
    rays: NDArray[np.object_] = shapely.linestrings(np.stack([np.repeat(place[None], len(ends), axis=0), ends], axis=1))
    return rays


def _without_straights(points: Floats) -> Floats:
    """The points without those that lie on the spot of, or straight between, their neighbours."""
    kept = [points[0]]
    for here, after in pairwise(points[1:]):
        a, b = here - kept[-1], after - here
        if np.hypot(*a) > 1e-6 and abs(a[0] * b[1] - a[1] * b[0]) > 1e-6 * np.hypot(*a) * max(np.hypot(*b), 1e-9):
            kept.append(here)
    return np.array([*kept, points[-1]])
