"""Commands that need no server: plan, detect, watch."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from core.errors import Fault, Malformed
from core.geo import LatLon
from core.io.runtime import SystemClock

if TYPE_CHECKING:
    from flightops.planning.finding.asked import LikelyWish
    from flightops.planning.plan_file import PlanWish


def plan_file(area: Path, out: Path, wish: PlanWish, form: str = "json") -> None:
    """Plan an area file and write the plan in a format of FORMATS."""
    from flightops.planning.export.files import known_format, plan_files
    from flightops.planning.plan_file import plan_area_file

    known_format(form)
    text = _read(area, "AREA")
    clock = SystemClock()
    console = Console(stderr=True)
    with console.status(f"planning {area.name} for {wish.drones} drone(s)"):
        began = clock.monotonic()
        doc = plan_area_file(text, wish)
        doc["planning_s"] = round(clock.monotonic() - began, 3)
    files = plan_files(doc, form, out)
    for name, data in files.items():
        write_whole(out.with_name(name), data)
    minutes = max(s["time_s"] for s in doc["sectors"]) / 60
    console.print(
        f"{len(doc['sectors'])} sector(s), longest {minutes:.1f} min, cover {100 * doc['cover']:.2f} %, "
        f"planned in {doc['planning_s']:.2f} s -> {', '.join(str(out.with_name(name)) for name in files)}"
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


def home_from(text: str | None) -> LatLon | None:
    if text is None:
        return None
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError as e:
        raise Malformed("--home", f"{text!r} is not LON,LAT", "like 120.0360,28.8885") from e
    return LatLon(lat, lon)


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
