"""The figures of a run, as one table and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from bench.planning.judged import VALID, Score

HEAD = (
    "planner", "solved", "length/LB", "time/LB", "cover mean/min %", "outside / no-fly m", "safe and >= 99/99.5/99.9 %",
    "s mean/max", "ours/it worst/mean (n)",
)  # fmt: skip
HEAD_OURS = ("CPU s mean/max", "peak MiB", "import s")
HEAD_DRONES = ("makespan mean/max", "balance mean/max")


@dataclass(frozen=True, slots=True)
class Row:
    """One planner on one area: its score or why there is none; what it took. None: not measured."""

    area: str
    score: Score | None
    error: str = ""
    seconds: float | None = None
    cpu_s: float | None = None
    import_s: float | None = None
    peak_mib: float | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One planner on all areas."""

    planner: str
    rows: tuple[Row, ...]
    ours: bool = False

    @property
    def scores(self) -> list[Score]:
        return [r.score for r in self.rows if r.score is not None]

    @property
    def valid_s(self) -> dict[str, float]:
        """Flight times of the areas it covers safely to VALID."""
        return {r.area: r.score.time_s for r in self.rows if r.score is not None and r.score.safe_at(VALID)}


def ratios(ours: Entry, theirs: Iterable[Entry]) -> list[float]:
    """Our flight time over the best of theirs, area by area, where both are valid; under 1 we are quicker."""
    best: dict[str, float] = {}
    for entry in theirs:
        for area, time_s in entry.valid_s.items():
            best[area] = min(time_s, best.get(area, time_s))
    return [time_s / best[area] for area, time_s in ours.valid_s.items() if area in best]


def told(found: Sequence[float]) -> str:
    """Worst and mean of ratios, and how many there are."""
    return f"{max(found):.3f} / {fmean(found):.3f} ({len(found)})" if found else "-"


def spread(values: Iterable[float | None], form: str = ".2f") -> str:
    """Mean and largest of what was measured."""
    known = [v for v in values if v is not None]
    return f"{fmean(known):{form}} / {max(known):{form}}" if known else "-"


def table(entries: Sequence[Entry], drones: int) -> str:
    """One line a planner, in Markdown. Ratios compare with the last of ours, the highest effort."""
    head = [*HEAD, *HEAD_OURS, *(HEAD_DRONES if drones > 1 else ())]
    ours = [e for e in entries if e.ours]
    lines = [[*_line(e, ours), *_cost(e), *(_shared(e, drones) if drones > 1 else ())] for e in entries]
    return markdown([head, *lines])


def _line(entry: Entry, ours: Sequence[Entry]) -> list[str]:
    scores, of = entry.scores, len(entry.rows)
    if not scores:
        return [entry.planner, f"0/{of}", *["-"] * (len(HEAD) - 2)]
    safe = "/".join(str(sum(s.safe_at(c) for s in scores)) for c in (0.99, 0.995, 0.999))
    return [
        entry.planner,
        f"{len(scores)}/{of}",
        f"{fmean(s.length_ratio for s in scores):.3f}",
        f"{fmean(s.time_ratio for s in scores):.3f}",
        f"{100 * fmean(s.cover for s in scores):.2f} / {100 * min(s.cover for s in scores):.2f}",
        f"{sum(s.outside_m for s in scores):.0f} / {sum(s.hole_m for s in scores):.0f}",
        safe,
        spread(r.seconds for r in entry.rows),
        "-" if entry.ours or not ours else told(ratios(ours[-1], [entry])),
    ]


def _cost(entry: Entry) -> list[str]:
    peak = max((r.peak_mib for r in entry.rows if r.peak_mib is not None), default=None)
    imports = [r.import_s for r in entry.rows if r.import_s is not None]
    return [
        spread(r.cpu_s for r in entry.rows),
        "-" if peak is None else f"{peak:.0f}",
        f"{fmean(imports):.2f}" if imports else "-",
    ]


def _shared(entry: Entry, drones: int) -> list[str]:
    return [
        spread((s.makespan_ratio(drones) for s in entry.scores), ".3f"),
        spread((s.balance for s in entry.scores), ".3f"),
    ]


def against(entries: Sequence[Entry]) -> str:
    """Each effort's flight time to each peer's, worst / mean (areas), and to the best peer of each area."""
    peers = [e for e in entries if not e.ours]
    lines = [["ours over", *(p.planner for p in peers), "best peer of each area"]]
    lines += [[e.planner, *(told(ratios(e, [p])) for p in peers), told(ratios(e, peers))] for e in entries if e.ours]
    return markdown(lines)


def markdown(lines: Sequence[Sequence[str]]) -> str:
    """Rows of cells, the first one the head."""
    wide = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    drawn = ["| " + " | ".join(c.ljust(w) for c, w in zip(line, wide, strict=True)) + " |" for line in lines]
    return "\n".join([drawn[0], "|" + "|".join("-" * (w + 2) for w in wide) + "|", *drawn[1:]])


def document(entries: Sequence[Entry], drones: int) -> dict[str, Any]:
    """Every figure of every area, to be written as JSON."""
    return {
        "drones": drones,
        "planners": {e.planner: {r.area: _figures(r, drones) for r in e.rows} for e in entries},
    }


def _figures(row: Row, drones: int) -> dict[str, Any]:
    score = row.score
    cost = {k: v for k, v in asdict(row).items() if k not in ("area", "score", "error") and v is not None}
    if score is None:
        return {"error": row.error, **cost}
    makespan = {"makespan_ratio": score.makespan_ratio(drones), "balance": score.balance} if drones > 1 else {}
    ratio = {"time_s": score.time_s, "time_ratio": score.time_ratio, "length_ratio": score.length_ratio}
    return {**asdict(score), **ratio, "safe": score.safe, **makespan, **cost}
