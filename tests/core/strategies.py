"""Hypothesis strategies for core values, by the shape of the dataclasses."""

from __future__ import annotations

import types
import typing
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from hypothesis import strategies as st

from core.events import Fact
from core.geo import Covariance

RANGES: dict[str, tuple[float, float]] = {
    "lat_deg": (-90, 90), "lon_deg": (-180, 180), "pitch_deg": (-180, 180), "roll_deg": (-180, 180),
    "gimbal_pitch_deg": (-90, 0), "cover": (0, 1), "score": (0, 1), "swath_m": (1, 1000), "speed_mps": (0.5, 30),
    "height_agl_m": (10, 500), "flown_m": (0, 1e9), "width_px": (1, 640), "height_px": (1, 512),
}  # fmt: skip


def finite(low: float = -1e9, high: float = 1e9) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False, allow_infinity=False)


def field(name: str, hint: Any) -> st.SearchStrategy[Any]:
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        (inner,) = [a for a in typing.get_args(hint) if a is not type(None)]
        return st.none() | field(name, inner)
    if typing.get_origin(hint) is tuple:
        least = 3 if name in ("outer", "holes", "ring") else 0
        inner = typing.get_args(hint)[0]
        return st.lists(field(name, inner), min_size=0 if name == "holes" else least, max_size=5).map(tuple)
    while hasattr(hint, "__supertype__"):
        hint = hint.__supertype__
    if hint is Covariance:
        return covariances()
    if is_dataclass(hint):
        return built(typing.cast(type, hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    if hint is float:
        return finite(*RANGES.get(name, (-1e9, 1e9)))
    return {int: st.integers(-(2**31), 2**31 - 1), str: st.text(max_size=20), bool: st.booleans(),
            bytes: st.binary(max_size=30)}[hint]  # fmt: skip


@st.composite
def covariances(draw: st.DrawFn) -> Covariance:
    a, b, c = (draw(finite(-100, 100)) for _ in range(3))
    return Covariance(a * a + b * b, b * c, c * c)


def built(kind: type) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(kind)
    if kind.__name__ == "Area":
        ring = st.lists(field("p", typing.get_args(hints["outer"])[0]), min_size=3, max_size=6).map(tuple)
        return st.builds(kind, outer=ring, holes=st.lists(ring, max_size=2).map(tuple))
    return st.builds(kind, **{f.name: field(f.name, hints[f.name]) for f in fields(kind)})


facts: st.SearchStrategy[Fact] = st.one_of([built(t) for t in typing.get_args(Fact)])
