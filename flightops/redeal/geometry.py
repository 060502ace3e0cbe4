"""Rests of sectors dealt to drones, in the planner's process: our words to flightops.planning.replan and back. Pure.

What a drone flies already stays its own: it takes part from where that ends, and from when. So no mission that is being
flown has to change, and nobody gets ground that another still has on board.
"""

from __future__ import annotations

import numpy as np

from core.errors import Malformed, Refused
from core.geo import Floats, LatLon, LocalFrame
from core.ids import DroneId
from flightops.missions.heights import LEGS
from flightops.planning.area import checked_area
from flightops.planning.paths.timing import Pace, flight_s, length_m
from flightops.planning.replan.fleet import Flyer, Replan, State
from flightops.planning.replan.lots import remaining
from flightops.planning.replan.replan import replanned
from flightops.planning.replan.ways import Ways
from flightops.redeal.deal import Deal, DealAsked, Rest, Share, Taker

MOST_BENDS = LEGS - 2
"""A way with more has no place in a mission's transit: one corner is kept for the end of the sector before."""
EVEN_M = 0.1
NO_PATH = np.zeros((0, 2))


def dealt(asked: DealAsked) -> Deal | Refused:
    """Every rest dealt out, or said to be flown by nobody. Deterministic; never raises Malformed."""
    try:
        return _dealt(asked)
    except Malformed as wrong:
        return Refused.because(wrong.field, wrong.problem, wrong.fix)


def nobody_flies(asked: DealAsked, reason: str) -> Deal:
    """The deal in which all of it stays undone. Raises Malformed for a path off every frame."""
    frame = LocalFrame(asked.area.outer[0])
    pace = Pace(asked.speed_mps)
    undone = [_share(r.drone, left, (frame, pace), reason=reason) for r in asked.rests if len(left := _left(r, frame))]
    return Deal(tuple(r.sector for r in asked.rests), (), tuple(undone))


def _dealt(asked: DealAsked) -> Deal:
    """Drones whose way to a share bends too often are left out, where others then fly more of it."""
    ground = checked_area(asked.area)
    frame, pace = ground.frame, Pace(asked.speed_mps)
    ways = Ways.of(ground.polygon, pace)
    takers = tuple(t for t in asked.takers if t.home is not None and ways.can_be_home(_xy(t.home, frame)))
    best = nobody_flies(asked, "no drone is left to fly it")
    while takers and asked.rests:
        flyers = (*(_leaver(r, frame, pace) for r in asked.rests), *(_flyer(t, frame, pace) for t in takers))
        made, bent = _told(replanned(flyers, asked.swath_m, ways), asked.rests, takers, (frame, pace))
        if _undone_m(made) <= _undone_m(best) + EVEN_M:
            best = made
        if not bent:
            break
        takers = tuple(t for t in takers if t.drone not in bent)
    return best


def _told(
    made: Replan, rests: tuple[Rest, ...], takers: tuple[Taker, ...], ground: tuple[LocalFrame, Pace]
) -> tuple[Deal, frozenset[DroneId]]:
    """The re-plan in our words, and the drones with a way that bends too often: they fly nothing from there on."""
    shares: list[Share] = []
    undone = [_share(rests[u.owner].drone, u.path, ground, reason=u.reason.problem) for u in made.undone]
    bent: set[DroneId] = set()
    for duty in made.duties:
        for k, piece in enumerate(duty.pieces):
            taker = takers[duty.drone - len(rests)]
            bends = NO_PATH if k == 0 and taker.launches else piece.bends
            if len(bends) > MOST_BENDS or taker.drone in bent:
                bent.add(taker.drone)
                words = f"the way of {taker.drone} there bends more often than its mission can hold"
                undone.append(_share(rests[piece.owner].drone, piece.path, ground, reason=words))
            else:
                shares.append(_share(taker.drone, piece.path, ground, bends))
    return Deal(tuple(r.sector for r in rests), tuple(shares), tuple(undone)), frozenset(bent)


def _undone_m(deal: Deal) -> float:
    return sum(s.length_m for s in deal.undone)


def _leaver(rest: Rest, frame: LocalFrame, pace: Pace) -> Flyer:
    """Whose work is dealt: it is given none, and nothing is asked of its way home."""
    path = np.array([_xy(p, frame) for p in rest.path])
    return Flyer(path, min(rest.from_m, length_m(path)), State.LOW, pace)


def _flyer(taker: Taker, frame: LocalFrame, pace: Pace) -> Flyer:
    home = None if taker.home is None else _xy(taker.home, frame)
    if taker.launches:
        return Flyer(NO_PATH, 0.0, State.WAITING, pace, taker.left_s, home, busy_s=taker.busy_s)
    return Flyer(NO_PATH, 0.0, State.FLYING, pace, taker.left_s, home, _xy(taker.at, frame), taker.busy_s)


def _left(rest: Rest, frame: LocalFrame) -> Floats:
    """What is left of a rest's path, (n, 2); (0, 2) when nothing is."""
    return remaining(np.array([_xy(p, frame) for p in rest.path]), rest.from_m)


def _share(
    drone: DroneId, path: Floats, ground: tuple[LocalFrame, Pace], bends: Floats = NO_PATH, reason: str = ""
) -> Share:
    frame, pace = ground
    return Share(drone, _places(path, frame), length_m(path), flight_s(path, pace), _places(bends, frame), reason)


def _xy(place: LatLon, frame: LocalFrame) -> Floats:
    return np.array(frame.to_xy(place))


def _places(xy: Floats, frame: LocalFrame) -> tuple[LatLon, ...]:
    if not len(xy):
        return ()
    return tuple(LatLon(float(lat), float(lon)) for lon, lat in frame.to_lonlat_many(xy))
