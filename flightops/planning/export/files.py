"""A plan in the format asked for: names and bytes of the files to write."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from core.errors import Malformed
from flightops.planning.export.fence import Fence
from flightops.planning.export.geojson import feature_collection
from flightops.planning.export.gpx import gpx
from flightops.planning.export.kml import kml
from flightops.planning.export.qgc import QgcSetup, qgc_plans
from flightops.planning.export.writing import json_bytes

FORMATS = ("json", "plan", "kml", "gpx", "geojson")


def known_format(form: str) -> str:
    """The format when it is one. Raises Malformed."""
    if form not in FORMATS:
        raise Malformed("--format", f"{form!r} is none", f"one of {', '.join(FORMATS)}")
    return form


def plan_files(doc: dict[str, Any], form: str, out: PurePath) -> dict[str, bytes]:
    """File names beside `out` and what goes into them: one file, or (`plan`, QGroundControl's) one a sector, each with
    its name before the ending when there are several. Raises Malformed, naming the option."""
    match known_format(form):
        case "json":
            return {out.name: json_bytes(doc)}
        case "kml":
            return {out.name: kml(doc)}
        case "gpx":
            return {out.name: gpx(doc)}
        case "geojson":
            return {out.name: json_bytes(feature_collection(doc))}
        case _:
            return _qgc_files(doc, out)


def _qgc_files(doc: dict[str, Any], out: PurePath) -> dict[str, bytes]:
    plans = qgc_plans(doc, QgcSetup(fence=Fence.AROUND))
    if not isinstance(plans, dict):
        reason = plans.reasons[0]
        raise Malformed(reason.field, reason.problem, reason.fix)
    if len(plans) == 1:
        return {out.name: json_bytes(next(iter(plans.values())))}
    return {
        f"{out.stem}-{name.lower().replace(' ', '-')}{out.suffix}": json_bytes(plan) for name, plan in plans.items()
    }
