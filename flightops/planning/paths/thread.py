"""From strands to one path: the order of strands, where each is entered, and the links between lanes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.geo import Floats
from flightops.planning.cells.lines import Strand
from flightops.planning.paths.route import MOST_ROUNDS, Pieces, improved, nearest_first, price
from flightops.planning.paths.visibility import Links
from flightops.planning.polish import native


@dataclass(frozen=True, slots=True)
class Thread:
    """Lanes (n, 2) in flying order and direction, and the bends of the links between them."""

    lanes: Strand
    bends: tuple[Floats, ...]

    def path(self) -> Floats:
        """The whole path, (n, 2)."""
        parts: list[Floats] = []
        for lane, bend in zip(self.lanes, (*self.bends, np.zeros((0, 2))), strict=True):
            parts += [lane, bend]
        return np.concatenate(parts)

    def lane_legs(self) -> NDArray[np.uint8]:
        """Which legs of the path, one flag each, belong to lanes rather than to links."""
        sizes = zip(self.lanes, (*self.bends, np.zeros((0, 2))), strict=True)
        legs = [flag for lane, bend in sizes for flag in [1] * (len(lane) - 1) + [0] * (len(bend) + 1)]
        return np.array(legs[:-1], dtype=np.uint8)


def linked(lanes: Strand, links: Links) -> Thread:
    """Lanes in flying order with the ways between them. Raises ValueError where there is none."""
    leave, enter = np.array([s[-1] for s in lanes]), np.array([s[0] for s in lanes])
    return Thread(lanes, tuple(links.ways(leave[:-1], enter[1:])))


def _s_pattern(strand: Strand, entry: int) -> Strand:
    """Lanes of a strand entered at corner 0 first-left, 1 first-right, 2 last-left, 3 last-right."""
    lanes = strand[::-1] if entry >= 2 else strand
    return tuple(lane[::-1] if (k + entry) % 2 else lane for k, lane in enumerate(lanes))


def threaded(strands: tuple[Strand, ...], links: Links, rounds: int = MOST_ROUNDS) -> Thread:
    """All strands in the best order found within rounds, each from its best corner. Raises ValueError where there is no
    way."""
    m = len(strands)
    ways_in = [[_s_pattern(s, entry) for entry in range(4)] for s in strands]
    cost = np.zeros((m, 4))
    pace = native.pace_of(links.pace)
    for i, ways in enumerate(ways_in):
        cost[i, :2] = [native.time_s(linked(w, links).path(), pace) for w in ways[:2]]
        # entering at the far end flies one of the same two patterns backwards
        same = len(strands[i]) % 2 == 1
        cost[i, 2:] = cost[i, :2] if same else cost[i, 1::-1]
    corners = np.array([[w[0][0] for w in ways] for ways in ways_in])
    last = np.array([[w[-1][-1] for w in ways] for ways in ways_in])
    leaves_by = np.abs(last[:, :, None] - corners[:, None]).sum(axis=-1).argmin(axis=-1)
    times = links.times_s(corners.reshape(-1, 2), corners.reshape(-1, 2)).reshape(m, 4, m, 4)
    hop = times[np.arange(m)[:, None], leaves_by] + 2.0 * links.pace.turn_s
    pieces = Pieces(cost, hop)
    order = improved(pieces, nearest_first(pieces), rounds)
    entries = price(pieces, order)[1]
    return linked(tuple(lane for i, e in zip(order, entries, strict=True) for lane in ways_in[i][e]), links)
