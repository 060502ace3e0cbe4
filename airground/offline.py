"""Commands that need no server: plan, detect, watch."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from core.errors import Fault, Malformed
from core.geo import LatLon
from core.io.runtime import SystemClock
from core.units import within

if TYPE_CHECKING:
    from flightops.planning.finding.asked import LikelyWish
    from flightops.planning.fleet.drones import FleetDrone
    from flightops.planning.fleet.watch import WatchWish
    from flightops.planning.plan_file import PlanWish


NEARLY = 0.99995
"""A share that is not worth telling from all."""


def plan_file(area: Path, out: Path, wish: PlanWish, form: str = "json") -> None:
    """Plan an area file and write the plan in a format of FORMATS."""
    from flightops.planning.export.files import known_format, plan_files
    from flightops.planning.plan_file import plan_area_file

    known_format(form)
    text = _read(area, "AREA")
    clock = SystemClock()
    console = Console(stderr=True)
    with console.status(f"planning {area.name} for {len(wish.fleet) or wish.drones} drone(s)"):
        began = clock.monotonic()
        doc = plan_area_file(text, wish)
        doc["planning_s"] = round(clock.monotonic() - began, 3)
    files = plan_files(doc, form, out)
    for name, data in files.items():
        write_whole(out.with_name(name), data)
    minutes = max(s["time_s"] for s in doc["sectors"]) / 60
    console.print(
        f"{len(doc['sectors'])} sector(s), longest {minutes:.1f} min, {cover_words(doc)}, "
        f"planned in {doc['planning_s']:.2f} s -> {', '.join(str(out.with_name(name)) for name in files)}"
    )
    if "fleet" in doc:
        console.print(flight_words(doc))
    if "watch" in doc:
        console.print(watch_words(doc["watch"]))


@dataclass(frozen=True, slots=True)
class Drones:
    """What the command was told of the drones; None: not told. `endurance_min` in minutes."""

    speed_mps: float | None = None
    number: int | None = None
    home: str | None = None
    endurance_min: float | None = None
    fleet: Path | None = None


def drones_from(wish: PlanWish, told: Drones, watch: WatchWish | None = None) -> PlanWish:
    """The wish with its drones: like ones, or those of a fleet file; and what they watch. Raises Malformed naming the
    option."""
    alone = {"--drones": told.number, "--home": told.home, "--speed": told.speed_mps, "--endurance": told.endurance_min}
    given = [name for name, value in alone.items() if value is not None]
    if told.fleet is not None:
        if given:
            raise Malformed("--fleet", f"it replaces {' and '.join(given)}", "give one or the other")
        return replace(wish, fleet=_fleet(told.fleet, wish), watch=watch)
    if told.endurance_min is not None and told.home is None:
        raise Malformed("--endurance", "whole flights need a home", "give --home too")
    place, endurance_s = home_from(told.home), None
    if told.endurance_min is not None:
        endurance_s = 60.0 * within("--endurance", told.endurance_min, 1.0, 600.0)
    return replace(wish, drones=told.number or 1, home=place, endurance_s=endurance_s, watch=watch)


def _fleet(path: Path, wish: PlanWish) -> tuple[FleetDrone, ...]:
    from core.io.files.fleet import read_fleet
    from flightops.planning.fleet.drones import FleetDrone
    from flightops.planning.rings import place

    return tuple(
        FleetDrone(
            row.name,
            place(list(row.home), f"fleet.{row.name}.home"),
            row.speed_mps,
            wish.swath_m if row.swath_m is None else row.swath_m,
            row.endurance_min * 60.0,
            2.5 if row.climb_mps is None else row.climb_mps,
            wish.height_agl_m if row.height_agl_m is None else row.height_agl_m,
            row.transit_agl_m,
        )
        for row in read_fleet(path)
    )


def cover_words(doc: dict[str, Any]) -> str:
    """Cover reached, beside that asked where it is less, and the heights of a plan that follows the ground."""
    words = f"cover {100 * doc['cover']:.2f} %"
    if doc["margin_m"] > 0.0:
        words += f", {doc['margin_m']:g} m inside"
    if doc["cover"] < doc["cover_asked"]:
        words += f" (asked {100 * doc['cover_asked']:g} %)"
    if doc["in_reach"] < NEARLY:
        words += f" ({100 * (1 - doc['in_reach']):.2f} % can't be seen from inside the margin)"
    if "full_swath_m" not in doc:
        return words
    sectors = doc["sectors"]
    least, most = min(s["least_agl_m"] for s in sectors), max(s["most_agl_m"] for s in sectors)
    words += f", {least:.0f} to {most:.0f} m above ground, lines {doc['swath_m']:.1f} m apart"
    over_m = sum(t["to_m"] - t["from_m"] for s in sectors for t in s["too_high"])
    return words + (f", {over_m:.0f} m of it too high: ground too steep to follow" if over_m else "")


def flight_words(doc: dict[str, Any]) -> str:
    """How many flights, when all are down and in what wind, how even, how far apart, and the least a battery holds."""
    whole, flights = doc["fleet"], doc["flights"]
    east, north = doc["wind_mps"]
    from_deg = round(math.degrees(math.atan2(-east, -north))) % 360
    wind = f" in {math.hypot(east, north):.1f} m/s of wind from {from_deg:03d}" if (east, north) != (0.0, 0.0) else ""
    even = "" if "watch" in doc else f"balance {whole['balance']:.2f}, "
    left = [f["battery_left"] for f in flights if f["battery_left"] is not None]
    return (
        f"{len(flights)} flight(s) of {len({f['drone'] for f in flights})} drone(s){wind}, all down after "
        f"{whole['makespan_s'] / 60:.1f} min, {even}proved "
        f"{whole['proof']['horizontal_m']:g} m or {whole['proof']['vertical_m']:g} m apart"
        + (f", a battery lands with {100 * min(left):.0f} % or more" if left else ", batteries not judged")
    )


def watch_words(watch: dict[str, Any]) -> str:
    """How long the ring is watched, in how many turns, how long two are there at a change, and what is unwatched."""
    minutes, turns = (watch["to_s"] - watch["from_s"]) / 60.0, watch["turns"]
    meet = watch["least_overlap_s"]
    return (
        f"watched {minutes:.1f} min from {watch['from_s'] / 60.0:.1f} min on, in {len(turns)} turn(s), "
        f"{watch['unwatched_s']:g} s of it unwatched" + (f", two there for {meet:.0f} s or longer" if meet else "")
    )


def likely_from(
    probability: Path | None, width: str | None, look: str | None, minutes: float | None
) -> LikelyWish | None:
    """What the options of `airground plan` say of where somebody may be; None when nothing. Raises Malformed."""
    from flightops.planning.finding.asked import LikelyWish

    if probability is None:
        for name, value in (("--sweep-width", width), ("--look", look), ("--minutes", minutes)):
            if value is not None:
                raise Malformed(name, "is given without --probability", "say where somebody may be, or leave it out")
        return None
    if width is not None and Path(width).suffix == ".json":
        width = _read(Path(width), "--sweep-width")
    return LikelyWish(_read(probability, "--probability"), width, look, minutes)


def _read(path: Path, field: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise Malformed(field, f"can't read {path}: {e}") from e


def home_from(text: str | None, option: str = "--home") -> LatLon | None:
    """The place that LON,LAT names. Raises Malformed."""
    if text is None:
        return None
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError as e:
        raise Malformed(option, f"{text!r} is not LON,LAT", "like 120.0360,28.8885") from e
    try:
        return LatLon(lat, lon)
    except Malformed as wrong:
        raise Malformed(option, f"{wrong.field} {wrong.problem}", "LON,LAT like 120.0360,28.8885") from wrong


def detect_source(source: Path, out: Path) -> None:
    """Find people in a folder or video; write the detections."""
    from vision.detect.hot_spot import HotSpot
    from vision.detect.run import detect_folder_or_video

    if not source.exists():
        raise Malformed("source", f"{source} is not there", "a folder of images, or a video file")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("frames", total=None)
        troubles: list[str] = []

        def told(done: int, total: int, words: str) -> None:
            bar.update(task, completed=done, total=total or None)
            if " " in words.strip():
                troubles.append(words)

        rows = detect_folder_or_video(source, HotSpot(), told)
    for words in troubles[:20]:
        console.print(words, style="yellow")
    write_json(out, rows)
    console.print(f"{len(rows)} detections -> {out}")


def watch_source(address: str, seconds: float | None) -> None:
    """Print what one stream shows, once a second, until it ends or `seconds` are over."""
    from vision.detect.hot_spot import HotSpot
    from vision.ingest.source import parse_source
    from vision.ingest.video import StreamEnded, decoded

    source, clock, detector = parse_source(address), SystemClock(), HotSpot()
    began = told = clock.monotonic()
    frames = seen = 0
    try:
        for item in decoded(source, clock.now):
            frames += 1
            spots = detector.find(item.pixels)
            seen += len(spots)
            now = clock.monotonic()
            if now - told >= 1.0:
                best = max((s.score for s in spots), default=0.0)
                height, width = item.pixels.shape
                print(f"{now - began:6.0f} s  {width}x{height}  {frames / (now - told):5.1f} fps  "
                      f"{seen / frames:5.1f} spots a frame  best score {best:.2f}", flush=True)  # fmt: skip
                frames, seen, told = 0, 0, now
            if seconds is not None and now - began >= seconds:
                return
    except StreamEnded as e:
        print(f"stream ended: {e}", file=sys.stderr)
        raise Fault(f"{source.words}: {e}") from e


def write_json(path: Path, doc: Any) -> None:
    """Write whole or not at all. Raises Fault naming the file."""
    write_whole(path, (json.dumps(doc) + "\n").encode())


def write_whole(path: Path, data: bytes) -> None:
    """Write whole or not at all. Raises Fault naming the file."""
    draft = path.with_name(path.name + ".part")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    except OSError as e:
        draft.unlink(missing_ok=True)
        raise Fault(f"can't write {path}: {e.strerror}") from e
