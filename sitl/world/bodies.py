"""What is warm: the lost hiker, deer, rocks, cars. Where each is, is a pure function of time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.geo import Floats
from sitl.world.spec import Body, BodyKind, Sphere

Shape = tuple[Sphere, ...]


@dataclass(frozen=True, slots=True)
class Mover:
    """A body that stands (`wander_m` 0) or drifts on a closed loop of that radius, once in `period_s`."""

    kind: BodyKind
    start: tuple[float, float]
    shape: Shape
    wander_m: float = 0.0
    period_s: float = 1.0
    phase: float = 0.0

    def at(self, t_s: float) -> Body:
        """The body t_s after the world's start."""
        turn = 2 * math.pi * t_s / self.period_s + self.phase
        x = self.start[0] + self.wander_m * (math.cos(turn) - math.cos(self.phase))
        y = self.start[1] + self.wander_m * (math.sin(2 * turn) - math.sin(2 * self.phase)) / 2
        return Body(self.kind, (x, y), self.shape)


def person_shape(posture: str, heading: float, rng: np.random.Generator) -> Shape:
    """A clothed adult, outside 26 to 32 deg C: face and hands warm, jacket cooler. Standing, sitting or lying."""
    skin, jacket, legs = 31.0 + rng.normal(0, 0.5), 26.5 + rng.normal(0, 1.0), 25.0 + rng.normal(0, 1.0)
    c, s = math.cos(heading), math.sin(heading)
    if posture == "standing":
        return (Sphere((0, 0, 1.62), 0.12, skin), Sphere((0, 0, 1.25), 0.24, jacket), Sphere((0, 0, 0.5), 0.2, legs))
    if posture == "sitting":
        legs_at = (0.45 * c, 0.45 * s, 0.2)
        return (Sphere((0, 0, 0.85), 0.12, skin), Sphere((0, 0, 0.5), 0.26, jacket), Sphere(legs_at, 0.2, legs))
    along = ((0.75, 0.12, skin), (0.35, 0.23, jacket), (-0.1, 0.22, jacket), (-0.5, 0.17, legs), (-0.85, 0.12, legs))
    return tuple(Sphere((d * c, d * s, 0.2), r, t) for d, r, t in along)


def deer_shape(heading: float, rng: np.random.Generator) -> Shape:
    """A roe deer, standing: a body of about 1.1 m, fur outside 18 to 22 deg C, head warmer."""
    c, s = math.cos(heading), math.sin(heading)
    fur = 19.5 + rng.normal(0, 1.0)
    along = ((0.75, 0.95, 0.12, fur + 4), (0.4, 0.7, 0.22, fur), (0.05, 0.7, 0.24, fur), (-0.35, 0.7, 0.22, fur))
    return tuple(Sphere((d * c, d * s, up), r, t) for d, up, r, t in along)


def rock_shape(ambient_c: float, rng: np.random.Generator) -> Shape:
    """A boulder of 0.8 to 2 m that holds some of the day's sun."""
    size, warm = rng.uniform(0.4, 1.0), ambient_c + rng.uniform(2.5, 6.0)
    return (Sphere((0, 0, 0), size, warm), Sphere((size * 0.6, size * 0.2, 0), size * 0.7, warm - 0.5))


def car_shape(heading: float, ambient_c: float, rng: np.random.Generator) -> Shape:
    """A parked car, 4.4 x 1.8 m: body near ambient, bonnet as warm as the engine still is."""
    c, s = math.cos(heading), math.sin(heading)
    engine = ambient_c + rng.uniform(6, 28)
    rows = []
    for d in (-1.8, -1.1, -0.4, 0.3, 1.0, 1.7):
        for side in (-0.55, 0.0, 0.55):
            t = engine if d > 0.8 else ambient_c + 1.5
            rows.append(Sphere((d * c - side * s, d * s + side * c, 0.9), 0.5, t))
    return tuple(rows)


@dataclass(frozen=True, slots=True)
class Places:
    """Where bodies may stand: the search area's ring, points on roads with their heading (rad), and a test."""

    area: Floats
    inside: Callable[[float, float], bool]
    roadside: tuple[tuple[float, float, float], ...]


def anywhere(places: Places, rng: np.random.Generator) -> tuple[float, float]:
    """A place drawn evenly from the search area."""
    low, high = places.area.min(axis=0), places.area.max(axis=0)
    while True:
        x, y = rng.uniform(low, high)
        if places.inside(float(x), float(y)):
            return float(x), float(y)


def make_hiker(places: Places, rng: np.random.Generator) -> Mover:
    """The lost person: drawn evenly over the area; sits, lies or stands; shifts by a hand's breadth."""
    posture = ("standing", "sitting", "lying")[int(rng.integers(3))]
    shape = person_shape(posture, rng.uniform(0, 2 * math.pi), rng)
    return Mover("person", anywhere(places, rng), shape, 0.15, 20.0, rng.uniform(0, 6))


def make_decoys(
    places: Places, counts: tuple[int, int, int], ambient_c: float, rng: np.random.Generator
) -> list[Mover]:
    """`counts` of deer, rocks and cars."""
    deer, rocks, cars = counts
    made = []
    for _ in range(deer):
        shape = deer_shape(rng.uniform(0, 2 * math.pi), rng)
        made.append(Mover("deer", anywhere(places, rng), shape, 12.0, 240.0, rng.uniform(0, 6)))
    made += [Mover("rock", anywhere(places, rng), rock_shape(ambient_c, rng)) for _ in range(rocks)]
    for k in range(cars):
        x, y, heading = places.roadside[k * 7 % len(places.roadside)]
        made.append(Mover("car", (x, y), car_shape(heading, ambient_c, rng)))
    return made
