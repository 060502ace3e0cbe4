"""Water-filling: shares of lots sized so that those who fly them finish together, as far as each can fly."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.geo import Floats
from flightops.planning.replan.lots import NOBODY, SLIGHT_S, Lot, Split

SWEEPS = 12


@dataclass(frozen=True, slots=True)
class Load:
    """By drone, (n,): seconds bound by links and turns, own seconds a reference second takes, and the seconds after
    which it must have finished."""

    bound_s: Floats
    rate: Floats
    cap_s: Floats


def filled(rest_s: Floats, rate: Floats, cap_s: Floats, total: float) -> Floats:
    """Reference seconds (n,) that sum to `total` and let the drones that get any finish together; less when caps are
    met by all. `rest_s`: seconds each is busy anyway."""
    room = np.maximum((cap_s - rest_s) / rate, 0.0)
    if len(rest_s) == 1 or float(room.sum()) <= total:
        return np.minimum(room, total) if len(rest_s) == 1 else room
    marks = np.sort(np.concatenate([rest_s, np.maximum(cap_s, rest_s)]))
    marks = np.append(marks[np.isfinite(marks)], np.inf)
    at_marks = np.minimum(np.maximum((marks[:-1, None] - rest_s) / rate, 0.0), room).sum(axis=1)
    k = max(int(np.searchsorted(at_marks, total, side="right")) - 1, 0)
    rising = (rest_s <= marks[k]) & (np.maximum(cap_s, rest_s) > marks[k])
    level = marks[k] + (total - at_marks[k]) / max(float((1.0 / rate[rising]).sum()), 1e-12)
    sizes: Floats = np.minimum(np.maximum((level - rest_s) / rate, 0.0), room)
    return sizes


def levelled(lots: tuple[Lot, ...], splits: tuple[Split, ...], load: Load) -> tuple[Split, ...]:
    """The same takers with sizes that let everybody finish together. What fits nobody goes to NOBODY.

    Lot after lot is filled with the others held, which converges: the sum of squared times falls with each.
    """
    sizes = [s.sizes.copy() for s in splits]
    busy = load.bound_s.copy()
    for split, size in zip(splits, sizes, strict=True):
        for taker, x in zip(split.takers, size, strict=True):
            if taker != NOBODY:
                busy[taker] += x * load.rate[taker]
    for swept in range(SWEEPS if len(lots) > 1 else 1):
        for k, split in enumerate(splits):
            who = [i for i, t in enumerate(split.takers) if t != NOBODY]
            drones = [split.takers[i] for i in who]
            if not who:
                sizes[k][:] = lots[k].size_s / len(sizes[k])
                continue
            if swept and len(who) == 1 and sizes[k][who[0]] >= lots[k].size_s - SLIGHT_S:
                continue
            rate = load.rate[drones]
            rest = busy[drones] - sizes[k][who] * rate
            new = filled(rest, rate, load.cap_s[drones], lots[k].size_s)
            busy[drones] = rest + new * rate
            sizes[k][who] = new
            nobody = [i for i, t in enumerate(split.takers) if t == NOBODY]
            sizes[k][nobody] = max(lots[k].size_s - float(new.sum()), 0.0) / max(len(nobody), 1)
    return tuple(replace(s, sizes=x) for s, x in zip(splits, sizes, strict=True))


def pruned(lots: tuple[Lot, ...], splits: tuple[Split, ...]) -> tuple[Split, ...]:
    """Without the shortest share of each lot where it is under a line and its lot is not; owners stay."""
    return tuple(_pruned(lot, split) for lot, split in zip(lots, splits, strict=True))


def _pruned(lot: Lot, split: Split) -> Split:
    drones = [i for i, t in enumerate(split.takers) if t != NOBODY and not (lot.kept and t == lot.owner)]
    left = sum(1 for t in split.takers if t != NOBODY)
    unserved = sum(float(x) for t, x in zip(split.takers, split.sizes, strict=True) if t == NOBODY)
    if not drones or left < 2 or unserved > SLIGHT_S:
        return split
    least = min(drones, key=lambda i: (float(split.sizes[i]), i))
    if split.sizes[least] >= lot.line_s:
        return split
    keep = [i for i in range(len(split.takers)) if i != least]
    return Split(tuple(split.takers[i] for i in keep), split.sizes[keep])
