"""From strands to one path: order, entries and links; and how far its line ends can be drawn in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.geo import Floats
from flightops.planning.cells.lines import Strand
from flightops.planning.paths.route import Pieces, improved, nearest_first, price
from flightops.planning.paths.timing import flight_s
from flightops.planning.paths.visibility import Links

TRIM_STEPS = 24
LEAST_LINE_M = 1.0


@dataclass(frozen=True, slots=True)
class Thread:
    """Sweep lines in flying order, (m, 2, 2) start and end, and the bends of the m - 1 links between them."""

    lines: Floats
    bends: tuple[Floats, ...]

    def path(self) -> Floats:
        """The whole path, (n, 2)."""
        parts: list[Floats] = []
        for line, bend in zip(self.lines, (*self.bends, np.zeros((0, 2))), strict=True):
            parts += [line, bend]
        return np.concatenate(parts)


def linked(lines: Floats, links: Links) -> Thread:
    """Lines in flying order with the ways between them. Raises ValueError where there is none."""
    return Thread(lines, tuple(links.ways(lines[:-1, 1], lines[1:, 0])))


def _s_pattern(strand: Strand, entry: int) -> Floats:
    """Directed lines of a strand entered at corner 0 first-left, 1 first-right, 2 last-left, 3 last-right."""
    lines = strand[::-1] if entry >= 2 else strand
    flip = (np.arange(len(lines)) + entry) % 2 == 1
    return np.where(flip[:, None, None], lines[:, ::-1], lines)


def threaded(strands: tuple[Strand, ...], links: Links) -> Thread:
    """All strands in the best order found, each from its best corner. Raises ValueError where there is no way."""
    m = len(strands)
    ways_in = [[_s_pattern(s, entry) for entry in range(4)] for s in strands]
    cost = np.zeros((m, 4))
    for i, ways in enumerate(ways_in):
        cost[i, :2] = [flight_s(linked(w, links).path(), links.pace) for w in ways[:2]]
        # entering at the far end flies one of the same two patterns backwards
        same = len(strands[i]) % 2 == 1
        cost[i, 2:] = cost[i, :2] if same else cost[i, 1::-1]
    corners = np.array([[w[0, 0] for w in ways] for ways in ways_in])
    last = np.array([[w[-1, 1] for w in ways] for ways in ways_in])
    leaves_by = np.abs(last[:, :, None] - corners[:, None]).sum(axis=-1).argmin(axis=-1)
    times = links.times_s(corners.reshape(-1, 2), corners.reshape(-1, 2)).reshape(m, 4, m, 4)
    hop = times[np.arange(m)[:, None], leaves_by] + 2.0 * links.pace.turn_s
    pieces = Pieces(cost, hop)
    order = improved(pieces, nearest_first(pieces))
    entries = price(pieces, order)[1]
    return linked(np.concatenate([ways_in[i][e] for i, e in zip(order, entries, strict=True)]), links)


@dataclass(frozen=True, slots=True)
class Ends:
    """Both ends of each line as (2 m,) arrays: the direction of the edge met against
    the outward one, cosine and sine (> 0); the side of the link; the length of the line."""

    cosine: Floats
    sine: Floats
    side: Floats
    length_m: Floats


def ends_of(thread: Thread, edges: Floats, swath_m: float) -> Ends:
    """How each line end meets the nearest of the cells' edges (n, 2, 2), and to which side its link leaves (+1 left,
    -1 right of the outward direction, 0 none or far). Order: all starts, then all ends."""
    lines = thread.lines
    step = lines[:, 1] - lines[:, 0]
    length = np.maximum(np.hypot(step[:, 0], step[:, 1]), 1e-9)
    unit = step / length[:, None]
    out = np.concatenate([-unit, unit])
    tips = np.concatenate([lines[:, 0], lines[:, 1]])
    near = edges[_nearest(tips, edges)]
    along = near[:, 1] - near[:, 0]
    along /= np.hypot(along[:, 0], along[:, 1])[:, None]
    cosine = (along * out).sum(axis=1)
    sine = out[:, 0] * along[:, 1] - out[:, 1] * along[:, 0]
    cosine, sine = np.where(sine < 0, -cosine, cosine), np.abs(sine)
    return Ends(cosine, np.maximum(sine, 0.05), _link_sides(thread, out, swath_m), np.tile(length, 2))


def _nearest(points: Floats, edges: Floats) -> Floats:
    a, step = edges[None, :, 0], edges[None, :, 1] - edges[None, :, 0]
    rel = points[:, None] - a
    share = np.clip((rel * step).sum(-1) / np.maximum((step * step).sum(-1), 1e-12), 0.0, 1.0)
    away = rel - share[..., None] * step
    nearest: Floats = (away * away).sum(-1).argmin(axis=1)
    return nearest


def _link_sides(thread: Thread, out: Floats, swath_m: float) -> Floats:
    m = len(thread.lines)
    side = np.zeros(2 * m)
    hop = thread.lines[1:, 0] - thread.lines[:-1, 1]
    direct = np.array([len(b) == 0 for b in thread.bends], dtype=bool)
    for at, tip, vector in ((m + np.arange(m - 1), out[m:-1], hop), (1 + np.arange(m - 1), out[1:m], -hop)):
        across = tip[:, 0] * vector[:, 1] - tip[:, 1] * vector[:, 0]
        near = direct & (np.abs(across) > 0.3 * swath_m) & (np.abs(across) < 1.3 * swath_m)
        side[at] = np.where(near, np.sign(across), 0.0)
    return side


def drawn_in(thread: Thread, ends: Ends, swath_m: float, rate_m: float) -> Floats:
    """Lines whose ends are drawn in while each metre saved leaves at most `rate_m` m^2 unseen; (m, 2, 2).

    A line ends with a round cap of radius h = swath / 2. Drawn in by t from an edge that lies t * sine away, the
    cap's arc that faces ground inside the edge grows; its extent across the line is the ground lost a metre. A link
    to a neighbour covers its own side.
    """
    h = swath_m / 2.0
    t = np.linspace(0.0, 1.0, TRIM_STEPS)[None, :] * np.minimum(0.98 * h / ends.sine, 4.0 * h)[:, None]
    depth = t * ends.sine[:, None]
    chord = np.sqrt(np.maximum(h * h - depth * depth, 0.0)) * ends.sine[:, None]
    right = np.clip(h - depth * ends.cosine[:, None] - chord, 0.0, 2 * h)
    left = np.clip(h + depth * ends.cosine[:, None] - chord, 0.0, 2 * h)
    side = ends.side[:, None]
    lost = np.where(side > 0, right, np.where(side < 0, left, right + left))
    steps = np.cumprod(lost <= rate_m, axis=1).sum(axis=1)
    trim = np.where(steps > 0, t[np.arange(len(t)), np.maximum(steps - 1, 0)], 0.0)
    m = len(thread.lines)
    start, end = trim[:m], trim[m:]
    room = np.maximum(ends.length_m[:m] - LEAST_LINE_M, 0.0)
    scale = np.minimum(1.0, room / np.maximum(start + end, 1e-9))
    unit = (thread.lines[:, 1] - thread.lines[:, 0]) / ends.length_m[:m, None]
    return np.stack(
        [thread.lines[:, 0] + unit * (start * scale)[:, None], thread.lines[:, 1] - unit * (end * scale)[:, None]],
        axis=1,
    )
