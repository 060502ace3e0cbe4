"""Threads of several candidates, roughly timed, then finished: patched until they cover, drawn in while they may."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.geo import Floats
from flightops.planning.cells.lines import Weave, candidates
from flightops.planning.paths.repair import Aim, patched, tightened
from flightops.planning.paths.scan import Scan
from flightops.planning.paths.thread import Thread, threaded
from flightops.planning.paths.timing import flight_s

FINISHED = 3
NEAR_BEST = 1.08


@dataclass(frozen=True, slots=True)
class Draft:
    """A thread not yet measured, the edges (n, 2, 2) of its cells, how many cells there are, its flight time, s."""

    thread: Thread
    edges: Floats
    cells: int
    time_s: float


def drafts(aim: Aim, weave: Weave) -> list[Draft]:
    """The quickest few drafts, quickest first."""
    found = []
    for candidate in candidates(aim.links.inner, weave):
        try:
            thread = threaded(candidate.strands, aim.links)
        except ValueError:
            continue
        found.append(Draft(thread, candidate.edges, len(candidate.laid), flight_s(thread.path(), weave.pace)))
    found.sort(key=lambda d: d.time_s)
    return [d for d in found if d.time_s <= NEAR_BEST * found[0].time_s][:FINISHED]


def finished(draft: Draft, aim: Aim) -> Draft | None:
    """The draft made to cover what is aimed at, in as little time as drawing in its ends buys; None: it cannot."""
    aim = replace(aim, scan=Scan.along(draft.thread.lines, aim.area, aim.swath_m))
    try:
        whole = patched(draft.thread, aim)
        if whole is None:
            return None
        thread = tightened(whole, draft.edges, aim)
    except ValueError:
        return None
    return Draft(thread, draft.edges, draft.cells, flight_s(thread.path(), aim.links.pace))
