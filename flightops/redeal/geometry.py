"""Rests of sectors dealt to drones, in the planner's process: our words to flightops.planning.replan and back. Pure.

What a drone flies already stays its own: it takes part from where that ends, and from when. So no mission that is being
flown has to change, and nobody gets ground that another still has on board.
"""

from __future__ import annotations

import numpy as np

from core.errors import Malformed, Refused
from core.geo import Floats, LatLon, LocalFrame
from core.ids import DroneId
from flightops.planning.area import checked_area
from flightops.planning.paths.timing import Pace, flight_s, length_m
from flightops.planning.replan.fleet import Flyer, Replan, State
from flightops.planning.replan.lots import remaining
from flightops.planning.replan.replan import replanned
from flightops.planning.replan.ways import Ways
from flightops.redeal.deal import Deal, DealAsked, Rest, Share, Taker

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
    undone = [_share(r.drone, left, (frame, pace), reason) for r in asked.rests if len(left := _left(r, frame))]
    return Deal(tuple(r.sector for r in asked.rests), (), tuple(undone))


def _dealt(asked: DealAsked) -> Deal:
    ground = checked_area(asked.area)
    frame, pace = ground.frame, Pace(asked.speed_mps)
    ways = Ways.of(ground.polygon, pace)
    takers = tuple(t for t in asked.takers if t.home is not None and ways.can_be_home(_xy(t.home, frame)))
    if not takers or not asked.rests:
        return nobody_flies(asked, "no drone is left to fly it")
    flyers = (*(_leaver(r, frame, pace) for r in asked.rests), *(_flyer(t, frame, pace) for t in takers))
    return _told(replanned(flyers, asked.swath_m, ways), asked.rests, takers, (frame, pace))


def _told(made: Replan, rests: tuple[Rest, ...], takers: tuple[Taker, ...], ground: tuple[LocalFrame, Pace]) -> Deal:
    """The re-plan in our words."""
    undone = (_share(rests[u.owner].drone, u.path, ground, u.reason.problem) for u in made.undone)
    shares = (
        _share(takers[duty.drone - len(rests)].drone, piece.path, ground)
        for duty in made.duties
        for piece in duty.pieces
    )
    return Deal(tuple(r.sector for r in rests), tuple(shares), tuple(undone))


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


def _share(drone: DroneId, path: Floats, ground: tuple[LocalFrame, Pace], reason: str = "") -> Share:
    frame, pace = ground
    return Share(drone, _places(path, frame), length_m(path), flight_s(path, pace), reason)


def _xy(place: LatLon, frame: LocalFrame) -> Floats:
    return np.array(frame.to_xy(place))


def _places(xy: Floats, frame: LocalFrame) -> tuple[LatLon, ...]:
    if not len(xy):
        return ()
    return tuple(LatLon(float(lat), float(lon)) for lon, lat in frame.to_lonlat_many(xy))
