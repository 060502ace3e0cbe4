"""The front door of re-planning: progress in, new duties out. Pure and deterministic.

Every remainder is a lot on a time axis. Lots are dealt in contiguous shares (deal), sized by water-filling (level),
put in order a drone (tour), flown on paper exactly, and sized again by what was found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import Malformed, Reason
from core.geo import Floats
from core.units import within
from flightops.planning.paths.timing import Pace
from flightops.planning.replan.deal import dealt
from flightops.planning.replan.fleet import Duty, Flyer, Piece, Replan, State, Undone, track_of, track_s
from flightops.planning.replan.level import Load, levelled, pruned
from flightops.planning.replan.lots import NOBODY, Lot, Span, Split, lot_of, spans
from flightops.planning.replan.spare import Table
from flightops.planning.replan.tour import Atlas, Trip, straight_s, toured
from flightops.planning.replan.ways import Ways

ROUNDS = 5
RESERVE_S = 2.0
"""Kept back when endurance is planned with; what is flown is measured exactly in the end."""
CUTS = 8
EVEN_S = 1.0
LITTLE_SHARE = 0.002
"""Of the makespan: a round that gains no more is the last."""
WORTH_SHARE = 0.02
"""Of the makespan: what handing own work over must gain."""


@dataclass(frozen=True, slots=True)
class _Case:
    """All that stays the same while splits are tried."""

    flyers: tuple[Flyer, ...]
    lots: tuple[Lot, ...]
    swath_m: float
    atlas: Atlas
    rate: Floats
    known: dict[tuple[int, tuple[Span, ...]], Duty]
    """Duties flown on paper before, by drone and what it was given."""

    @property
    def staying(self) -> tuple[int, ...]:
        """Drones that can be given work."""
        return tuple(d for d, f in enumerate(self.flyers) if f.stays)

    def from_home(self, drone: int) -> bool:
        """Whether its first way starts at its home."""
        f = self.flyers[drone]
        return f.state == State.WAITING and f.home is not None and f.at is None


@dataclass(frozen=True, slots=True)
class _Trial:
    """Splits as flown on paper."""

    splits: tuple[Split, ...]
    duties: tuple[Duty, ...]
    left: tuple[Span, ...]
    beyond_m: float
    """Metres that would have to be dropped for everybody to come home in time, about."""

    @property
    def rank(self) -> tuple[float, float, float]:
        """Metres left undone, seconds until the last piece is flown, seconds of all: less is better."""
        undone = sum(s.end_m - s.start_m for s in self.left) + self.beyond_m
        times = [d.finish_s for d in self.duties if d.pieces]
        return round(undone, 1), max(times, default=0.0), sum(times)


def replanned(flyers: tuple[Flyer, ...], swath_m: float, ways: Ways) -> Replan:
    """New duties for all drones that are not lost. Work of the lost begins at most a swath before where they were.

    What endurance does not allow, or nobody is left to fly, comes back undone with its reason. Raises Malformed.
    """
    within("swath_m", swath_m, 1.0, 1000.0)
    if not flyers:
        raise Malformed("flyers", "there are none", "give the drones of the plan")
    case = _case(flyers, swath_m, ways)
    kept, dealt_out = (_dealt(case, sharing) for sharing in (False, True))
    plain = _settled(case, kept)
    undone, time_s, _ = plain.rank
    if _same(kept, dealt_out) or (undone == 0.0 and _level_s(plain) > (1.0 - WORTH_SHARE) * time_s):
        return _answer(case, plain)
    shared = _settled(case, dealt_out)
    better = shared.rank[0] < undone or (shared.rank[0] == undone and shared.rank[1] < (1.0 - WORTH_SHARE) * time_s)
    return _answer(case, shared if better else plain)


def _dealt(case: _Case, sharing: bool) -> tuple[Split, ...]:
    places = {d: case.flyers[d].place for d in case.staying}
    return dealt(Table(case.lots, places, _first_load(case), case.atlas), sharing)


def _level_s(trial: _Trial) -> float:
    """Mean finish time: sharing cannot do much better."""
    return sum(d.finish_s for d in trial.duties) / max(len(trial.duties), 1)


def _case(flyers: tuple[Flyer, ...], swath_m: float, ways: Ways) -> _Case:
    lots = []
    for k, f in enumerate(flyers):
        if f.home is not None and f.state != State.LOST and not ways.can_be_home(f.home):
            raise Malformed(f"flyers[{k}].home", "no way leads there", "move it off the no-fly zones")
        lot = lot_of(k, f, swath_m, ways.pace)
        lots += [lot] if lot is not None else []
    rate = np.array([_rate(tuple(lots), f.pace, ways.pace) for f in flyers])
    return _Case(flyers, tuple(lots), swath_m, Atlas(ways), rate, {})


def _rate(lots: tuple[Lot, ...], pace: Pace, reference: Pace) -> float:
    """Own seconds that a reference second of these lots takes."""
    if pace == reference or not lots:
        return 1.0
    runs = np.concatenate([np.diff(lot.axis.mark_m) for lot in lots])
    own, other = (float((p.run_s(runs) + p.turn_s).sum()) for p in (pace, reference))
    return own / max(other, 1e-9)


def _settled(case: _Case, splits: tuple[Split, ...]) -> _Trial:
    """The best of some rounds of sizing anew by what links were found to take, ended when they gain little."""
    best = _flown(case, splits)
    trial = best
    for _ in range(ROUNDS - 1):
        load = _load(case, trial)
        again = levelled(case.lots, trial.splits, load)
        fewer = pruned(case.lots, again)
        if any(a.takers != b.takers for a, b in zip(fewer, again, strict=True)):
            again = levelled(case.lots, fewer, load)
        if _same(trial.splits, again):
            break
        before, trial = trial, _flown(case, again)
        best = trial if trial.rank < best.rank else best
        gain = before.rank[1] - trial.rank[1]
        if before.rank[0] == trial.rank[0] == 0.0 and 0.0 <= gain < LITTLE_SHARE * before.rank[1]:
            break
    return best


def _same(a: tuple[Split, ...], b: tuple[Split, ...]) -> bool:
    """Whether splits differ by less than EVEN_S everywhere."""
    return all(
        p.takers == q.takers and float(np.abs(p.sizes - q.sizes).max(initial=0.0)) < EVEN_S
        for p, q in zip(a, b, strict=True)
    )


def _first_load(case: _Case) -> Load:
    """Loads before any link is known: ways to own work, and straight ways home from its end."""
    n = len(case.flyers)
    bound, cap = np.zeros(n), np.zeros(n)
    lots = {lot.owner: lot for lot in case.lots}
    for d in case.staying:
        f = case.flyers[d]
        end = f.place
        if d in lots:
            bound[d] = case.atlas.hop_s(f.place, lots[d].at(0.0), case.from_home(d))
            end = lots[d].at(lots[d].size_s)
        bound[d] += f.busy_s
        cap[d] = f.left_s - straight_s(end, f.home, f.pace.speed_mps) - RESERVE_S
    return Load(np.where(np.isfinite(bound), bound, 0.0), case.rate, cap)


def _load(case: _Case, trial: _Trial) -> Load:
    """Loads as they were flown on paper: what a drone's time holds beside its shares."""
    n = len(case.flyers)
    bound, cap, rate = np.zeros(n), np.zeros(n), case.rate.copy()
    for duty in trial.duties:
        d = duty.drone
        lots = {lot.owner: lot.axis for lot in case.lots}
        shares = sum(abs(lots[p.owner].seconds(p.end_m) - lots[p.owner].seconds(p.start_m)) for p in duty.pieces)
        bound[d] = duty.finish_s - rate[d] * shares
        if case.flyers[d].stays:
            cap[d] = case.flyers[d].left_s - (duty.total_s - duty.finish_s) - RESERVE_S
    return Load(bound, rate, cap)


def _flown(case: _Case, splits: tuple[Split, ...]) -> _Trial:
    """The splits flown on paper: stretches in order with exact ways and times."""
    hands: dict[int, list[Span]] = {d: [] for d in case.staying}
    left: list[Span] = []
    for k, (lot, split) in enumerate(zip(case.lots, splits, strict=True)):
        for taker, span in spans(k, lot, split, case.swath_m):
            (left if taker == NOBODY else hands[taker]).append(span)
    duties = tuple(_best_duty(case, d, tuple(given)) for d, given in sorted(hands.items()))
    late = ((u, case.flyers[u.drone]) for u in duties if u.pieces and u.total_s > case.flyers[u.drone].left_s)
    beyond = sum(min(u.total_s - f.left_s, u.finish_s) * f.pace.speed_mps for u, f in late)
    return _Trial(splits, duties, tuple(left), beyond)


def _best_duty(case: _Case, drone: int, given: tuple[Span, ...]) -> Duty:
    """What a drone was given in its best order."""
    if (drone, given) not in case.known:
        case.known[drone, given] = _duty(case, drone, _order(case, drone, given))
    return case.known[drone, given]


def _order(case: _Case, drone: int, given: tuple[Span, ...]) -> tuple[Span, ...]:
    """Own work first when links are priced alike."""
    f = case.flyers[drone]
    own_first = tuple(sorted(given, key=lambda s: (case.lots[s.lot].owner != drone, s.lot, s.start_m)))
    return toured(Trip(f.place, case.from_home(drone), f.home), own_first, case.lots, case.atlas)


def _duty(case: _Case, drone: int, order: tuple[Span, ...]) -> Duty:
    f = case.flyers[drone]
    pieces: list[Piece] = []
    at = f.place
    for span in order:
        axis = case.lots[span.lot].axis
        path = axis.stretch(span.start_m, span.end_m)
        none = float(np.hypot(*(at - path[0]))) < 1e-6
        leave_home = not pieces and case.from_home(drone)
        bends = np.zeros((0, 2)) if none else case.atlas.link(at, path[0], leave_home).bends
        pieces.append(Piece(case.lots[span.lot].owner, span.start_m, span.end_m, bends, path))
        at = path[-1]
    track = track_of(f.place, tuple(pieces))
    finish = f.busy_s + track_s(track, f.pace)
    if f.home is None:
        return Duty(drone, f.place, tuple(pieces), np.zeros((0, 2)), finish, finish)
    way = case.atlas.home(at, f.home)
    total = f.busy_s + track_s(np.concatenate([track, way.bends, f.home[None]]), f.pace)
    return Duty(drone, f.place, tuple(pieces), way.bends, finish, total if np.isfinite(way.seconds) else float("inf"))


def _answer(case: _Case, trial: _Trial) -> Replan:
    """The trial kept to everybody's endurance to the second, with reasons for what is left undone."""
    left = list(trial.left)
    duties = []
    for duty in trial.duties:
        kept, dropped = _within_reach(case, duty)
        duties.append(kept)
        left += dropped
    for d, f in enumerate(case.flyers):
        if f.state == State.LOW:
            duties.append(_duty(case, d, ()))
    duties.sort(key=lambda u: u.drone)
    warnings = tuple(
        Reason(
            f"flyers[{u.drone}].left_s",
            f"its way home takes {u.total_s:.0f} s and it can fly {case.flyers[u.drone].left_s:.0f} s",
            "land it at once",
        )
        for u in duties
        if not u.pieces and u.total_s > case.flyers[u.drone].left_s
    )
    return Replan(tuple(duties), _undone(case, left), warnings)


def _within_reach(case: _Case, duty: Duty) -> tuple[Duty, list[Span]]:
    """The duty cut short where the drone would not come home in time, and what it drops."""
    limit = case.flyers[duty.drone].left_s
    lot_by_owner = {lot.owner: k for k, lot in enumerate(case.lots)}
    order = [Span(lot_by_owner[p.owner], p.start_m, p.end_m) for p in duty.pieces]
    dropped: list[Span] = []
    while order and duty.total_s > limit:
        last = order.pop()
        without = _duty(case, duty.drone, tuple(order))
        low, high, best = 0.0, 1.0, without
        for _ in range(CUTS if without.total_s < limit else 0):
            share = (low + high) / 2.0
            part = Span(last.lot, last.start_m, last.start_m + share * (last.end_m - last.start_m))
            tried = _duty(case, duty.drone, (*order, part))
            low, high = (share, high) if tried.total_s <= limit else (low, share)
            best = tried if tried.total_s <= limit else best
        rest = Span(last.lot, last.start_m + low * (last.end_m - last.start_m), last.end_m)
        dropped.append(rest if rest.start_m <= rest.end_m else rest.turned)
        duty = best
    return duty, dropped


def _undone(case: _Case, left: list[Span]) -> tuple[Undone, ...]:
    """Stretches left undone, neighbours joined, in the order of drones and their paths."""
    joined: list[Span] = []
    for span in sorted(left, key=lambda s: (s.lot, s.start_m)):
        if joined and joined[-1].lot == span.lot and span.start_m - joined[-1].end_m < 1e-6:
            span = Span(span.lot, joined.pop().start_m, span.end_m)
        joined.append(span)
    if case.staying:
        reason = Reason("left_s", "no drone can fly it and come home", "add a drone, or fly it with fresh batteries")
    else:
        reason = Reason("flyers", "no drone is left to fly it", "add a drone")
    lots = case.lots
    return tuple(
        Undone(lots[s.lot].owner, s.start_m, s.end_m, lots[s.lot].axis.stretch(s.start_m, s.end_m), reason)
        for s in joined
    )
