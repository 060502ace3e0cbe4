"""The compiled loop, as ctypes sees it: the structures of polish.h and four functions."""

from __future__ import annotations

import ctypes
import math
from ctypes import POINTER, byref, c_double, c_float, c_int32, c_int64, c_uint8, c_uint16, c_uint64
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import Fault
from core.geo import Floats
from flightops.planning.paths.timing import CUT_M, Pace

LIBRARY = Path(__file__).with_name("_polish.so")
MOST_POINTS = 16_384
LANES = 16
NOT_SEEN_ENOUGH_S = 1e299
_Doubles = POINTER(c_double)


class CGround(ctypes.Structure):
    """Samples of the ground and what is counted on them."""

    _fields_ = (
        ("rows", c_int32), ("cols", c_int32), ("x0", c_double), ("y0", c_double), ("row", c_double), ("step", c_double),
        ("reach", c_double), ("offset", POINTER(c_float)), ("count", POINTER(c_uint16)), ("unseen", c_int64),
        ("work", c_int64),
    )  # fmt: skip


class CPace(ctypes.Structure):
    """Airspeed m/s, acceleration m/s^2, pause s, least radius m, least cosine of a bend flown through, wind along x and
    y m/s."""

    _fields_ = (
        ("speed", c_double), ("accel", c_double), ("turn", c_double), ("radius", c_double), ("cosine", c_double),
        ("wind_x", c_double), ("wind_y", c_double),
    )  # fmt: skip


class CRoom(ctypes.Structure):
    """Edges that no leg may meet."""

    _fields_ = (("n", c_int32), ("edges", _Doubles))


class CTask(ctypes.Structure):
    """Price of an unseen sample s, temperatures s, swath m, price of a point s, samples that may stay unseen, work,
    seed, which legs keep their direction, whether the last path is wanted rather
    than the best."""

    _fields_ = (
        ("price", c_double), ("hot", c_double), ("cold", c_double), ("swath", c_double), ("point", c_double),
        ("allowed", c_int64), ("budget", c_int64), ("seed", c_uint64), ("lanes", POINTER(c_uint8)), ("last", c_int32),
    )  # fmt: skip


@cache
def _library() -> ctypes.CDLL:
    """The compiled loop. Raises Fault when it was not built."""
    try:
        lib = ctypes.CDLL(str(LIBRARY))
    except OSError as wrong:
        raise Fault(f"{LIBRARY.name} can't be loaded ({wrong}); run `python hatch_build.py --polish-only`") from wrong
    lib.airground_see.restype = c_int64
    lib.airground_see.argtypes = (POINTER(CGround), _Doubles, c_int32)
    lib.airground_sight.restype = None
    lib.airground_sight.argtypes = (_Doubles, _Doubles, c_int32, POINTER(CRoom), POINTER(c_uint8))
    lib.airground_time.restype = c_double
    lib.airground_time.argtypes = (_Doubles, c_int32, POINTER(CPace))
    lib.airground_polish.restype = c_int32
    lib.airground_polish.argtypes = (
        _Doubles, c_int32, POINTER(CGround), POINTER(CRoom), POINTER(CPace), POINTER(CTask), _Doubles,
    )  # fmt: skip
    return lib


def doubles(values: Floats) -> ctypes._Pointer[c_double]:
    """A pointer to the values, which must be contiguous and outlive it."""
    return values.ctypes.data_as(_Doubles)


def floats(values: NDArray[np.float32]) -> ctypes._Pointer[c_float]:
    """A pointer to the values, which must be contiguous and outlive it."""
    return values.ctypes.data_as(POINTER(c_float))


def flags(values: NDArray[np.uint8]) -> ctypes._Pointer[c_uint8]:
    """A pointer to the flags, which must be contiguous and outlive it."""
    return values.ctypes.data_as(POINTER(c_uint8))


def counts(values: NDArray[np.uint16]) -> ctypes._Pointer[c_uint16]:
    """A pointer to the counts, which must be contiguous and outlive it."""
    return values.ctypes.data_as(POINTER(c_uint16))


def see(ground: CGround, path: Floats) -> int:
    """Counts the strips of an (n, 2) path in; how many samples are unseen then."""
    at = np.ascontiguousarray(path)
    return int(_library().airground_see(byref(ground), doubles(at), len(at)))


def in_sight(a: Floats, b: Floats, edges: Floats) -> NDArray[np.bool_]:
    """(n, 2) and (n, 2) ends, (m, 2, 2) edges -> (n,) whether the straight way meets no edge; touching is meeting."""
    start, end, walls = (np.ascontiguousarray(v, dtype=np.float64) for v in (a, b, edges))
    clear = np.zeros(len(start), dtype=np.uint8)
    room = CRoom(len(walls), doubles(walls))
    _library().airground_sight(doubles(start), doubles(end), len(start), byref(room), flags(clear))
    return clear.astype(bool)


def pace_of(pace: Pace, way_rad: float = 0.0) -> CPace:
    """The C view of a pace, in a frame turned so that direction `way_rad` becomes +x."""
    radius = pace.speed_mps**2 / pace.accel_mps2
    half = 1.0 / (1.0 + CUT_M / radius)
    (east, north), c, s = pace.wind_mps, math.cos(way_rad), math.sin(way_rad)
    wind = (east * c + north * s, north * c - east * s)
    return CPace(pace.speed_mps, pace.accel_mps2, pace.turn_s, radius, 2.0 * half * half - 1.0, *wind)


def time_s(path: Floats, pace: CPace) -> float:
    """Flight time of an (n, 2) path, s: that of paths/timing.py `flight_s`, a hundred times sooner. Raises Fault when
    memory ran out."""
    at = np.ascontiguousarray(path)
    found = float(_library().airground_time(doubles(at), len(at), byref(pace)))
    if found < 0.0:
        raise Fault("no memory to time a path")
    return found


def polish(path: Floats, ground: CGround, room: CRoom, pace: CPace, task: CTask) -> tuple[Floats, float]:
    """A path of (n, 2) points annealed, and its flight time, s: over NOT_SEEN_ENOUGH_S when it sees too little.
    Raises Fault when the path is too long or memory ran out."""
    at = np.zeros((MOST_POINTS, 2))
    at[: len(path)] = path[:MOST_POINTS]
    time = c_double(0.0)
    n = _library().airground_polish(
        doubles(at), len(path), byref(ground), byref(room), byref(pace), byref(task), byref(time)
    )
    if n < 0:
        raise Fault(f"a path of {len(path)} points can't be polished (most: {MOST_POINTS})")
    return at[:n].copy(), float(time.value)
