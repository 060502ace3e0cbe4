"""Tracks of warm things on the ground of one stream: association, confirmation, and when to tell.

Pure: `step` takes the tracks and a frame's views and returns the tracks that follow and what is to be told. A frame
may hold anything warm; a track is told of only when enough views within a short time agree on one place and few of
them were too large for a person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
from scipy.optimize import linear_sum_assignment

from core.geo import Floats
from core.ids import TrackId
from core.units import UtcSeconds
from vision.track.fuse import Estimate, View, first, fused, innovations, predicted

T = TypeVar("T")

GATE = 11.83
"""Mahalanobis distance squared that 99.7 % of true pairs keep under (chi-square, 2 degrees of freedom)."""
FAR = 1e6
BEST = 3


@dataclass(frozen=True, slots=True)
class TrackRule:
    """When a track is told of, and when it is forgotten."""

    views: int = 4
    within_s: float = 3.0
    span_s: float = 0.25
    evidence: float = 1.6
    """Sum of the scores of the views within `within_s`."""
    score: float = 0.5
    """Mean score of the best views."""
    level: float = 0.0
    """Mean grey levels above the surroundings of the warmest views; 0 asks for none. With a radiometric camera:
    levels a degree x how much warmer than the ground a person is at least (an animal's fur and stones are cooler)."""
    other_share: float = 0.34
    """A track is no person when more of its views than this were labelled Other."""
    again_s: float = 3.0
    improved: float = 0.75
    """Told again when the ellipse's long axis shrank to this share, or the place moved by half of it."""
    forget_tentative_s: float = 4.0
    forget_s: float = 600.0
    max_tracks: int = 200


@dataclass(frozen=True, slots=True, eq=False)
class Seen(Generic[T]):
    """One detection on the ground: its view, score, whether it looks like a person, and the caller's own data."""

    view: View
    score: float
    person: bool
    tag: T
    level: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One warm thing. `best`, `warmest`: the BEST highest scores and levels of its person-like views; `recent`:
    (time, score) of those within the rule's time; `told`: when it was last told of and the estimate then, or None."""

    track: TrackId
    estimate: Estimate
    views: int
    others: int
    best: tuple[float, ...]
    warmest: tuple[float, ...]
    recent: tuple[tuple[float, float], ...]
    told: tuple[float, Estimate] | None = None

    @property
    def score(self) -> float:
        """Mean of the best views."""
        return sum(self.best) / len(self.best) if self.best else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Told(Generic[T]):
    """A track worth telling of, and the view that made it so."""

    track: Track
    seen: Seen[T]


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """All tracks of a stream."""

    all: tuple[Track, ...] = ()


def step(
    tracks: Tracks, seen: tuple[Seen[T], ...], at: UtcSeconds, rule: TrackRule, new_track: Callable[[], TrackId]
) -> tuple[Tracks, tuple[Told[T], ...]]:
    """The tracks after a frame taken at `at` with what was seen in it, and those to tell of now.

    Person-like views go one to one to tracks; a view that is too large rules out every track it may belong to.
    """
    alive = [t for t in tracks.all if not _forgotten(t, at, rule)]
    people = [s for s in seen if s.person]
    expected = [predicted(t.estimate, at) for t in alive]
    pairs = _assigned(expected, people)
    told: list[Told[T]] = []
    for k in _ruled_out(expected, [s for s in seen if not s.person]):
        alive[k] = replace(alive[k], others=alive[k].others + 1)
    for row, column in pairs.items():
        one = people[column]
        alive[row] = _grown(alive[row], fused(expected[row], one.view), one, rule)
        if _worth_telling(alive[row], rule):
            alive[row] = replace(alive[row], told=(at, alive[row].estimate))
            told.append(Told(alive[row], one))
    taken = set(pairs.values())
    born = [_born(s, new_track()) for k, s in enumerate(people) if k not in taken]
    kept = sorted([*alive, *born], key=lambda t: (t.told is None, -t.estimate.at))[: rule.max_tracks]
    return Tracks(tuple(kept)), tuple(told)


def _forgotten(track: Track, at: float, rule: TrackRule) -> bool:
    limit = rule.forget_tentative_s if track.told is None else rule.forget_s
    return at - track.estimate.at > limit


def _distances(expected: list[Estimate], seen: list[Seen[T]]) -> tuple[Floats, Floats]:
    """(n, m) Mahalanobis distances squared of views from where tracks are expected, and log determinants."""
    r, s = innovations(expected, [one.view for one in seen])
    a, b, d = s[..., 0, 0], s[..., 0, 1], s[..., 1, 1]
    det = np.maximum(a * d - b * b, 1e-12)
    x, y = r[..., 0], r[..., 1]
    return (d * x * x - 2.0 * b * x * y + a * y * y) / det, np.log(det)


def _assigned(expected: list[Estimate], people: list[Seen[T]]) -> dict[int, int]:
    """Track index -> view index, best in all, within the gate. The cost is -2 log likelihood."""
    if not expected or not people:
        return {}
    distances, logs = _distances(expected, people)
    cost = np.where(distances <= GATE, distances + logs, FAR)
    rows, columns = linear_sum_assignment(cost)
    return {int(i): int(j) for i, j in zip(rows, columns, strict=True) if cost[i, j] < FAR}


def _ruled_out(expected: list[Estimate], large: list[Seen[T]]) -> set[int]:
    """Tracks that may be of a thing too large for a person."""
    if not expected or not large:
        return set()
    return {int(k) for k in np.flatnonzero((_distances(expected, large)[0] <= GATE).any(axis=1))}


def _born(seen: Seen[T], track: TrackId) -> Track:
    at = seen.view.at
    return Track(track, first(seen.view), 1, 0, (seen.score,), (seen.level,), ((at, seen.score),))


def _grown(track: Track, estimate: Estimate, seen: Seen[T], rule: TrackRule) -> Track:
    at = seen.view.at
    recent = (*(r for r in track.recent if at - r[0] <= rule.within_s), (at, seen.score))
    best = tuple(sorted((*track.best, seen.score), reverse=True)[:BEST])
    warmest = tuple(sorted((*track.warmest, seen.level), reverse=True)[:BEST])
    return replace(track, estimate=estimate, views=track.views + 1, best=best, warmest=warmest, recent=recent)


def _worth_telling(track: Track, rule: TrackRule) -> bool:
    if track.others > rule.other_share * (track.views + track.others):
        return False
    if track.score < rule.score or sum(track.warmest) < rule.level * len(track.warmest):
        return False
    if track.told is not None:
        return _improved(track, rule)
    times = [at for at, _ in track.recent]
    enough = len(times) >= rule.views and sum(score for _, score in track.recent) >= rule.evidence
    return enough and max(times) - min(times) >= rule.span_s


def _improved(track: Track, rule: TrackRule) -> bool:
    if track.told is None or track.estimate.at - track.told[0] < rule.again_s:
        return False
    before = track.told[1].covariance.ellipse_95()[0]
    after = track.estimate.covariance.ellipse_95()[0]
    moved = float(np.linalg.norm(track.estimate.mean - track.told[1].mean))
    return after < rule.improved * before or moved > 0.5 * before
