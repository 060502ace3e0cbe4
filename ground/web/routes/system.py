"""Map data, the picture as one answer, health, metrics and the audit log."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import fields
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from core.errors import Reason
from core.events import Recorded
from core.roles import Operation, Principal
from ground.web.edge.access import Parts, allowed
from ground.web.edge.answers import Denied, reply
from ground.web.edge.metrics import Metrics

router = APIRouter()
Viewer = Annotated[Principal, Depends(allowed(Operation.SEE_PICTURE))]
Auditor = Annotated[Principal, Depends(allowed(Operation.READ_AUDIT))]
PAGE = 1000


@router.get("/api/v1/map")
async def map_settings(_: Viewer, parts: Parts) -> Response:
    """Where the map starts and what it can show."""
    m = parts.settings.map
    centre = {"lat_deg": m.centre.lat_deg, "lon_deg": m.centre.lon_deg}
    basemap = parts.basemap is not None
    return reply({"centre": centre, "zoom": m.zoom, "tiles": m.tiles, "basemap": basemap, "roads": bool(m.roads)})


@router.get("/api/v1/basemap.geojson")
async def basemap(request: Request, _: Viewer, parts: Parts) -> Response:
    """The local basemap."""
    if parts.basemap is None:
        raise Denied(404, Reason("basemap", "there is none", "set map.basemap in the settings"))
    tag = f'"{hashlib.sha256(parts.basemap).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(parts.basemap, headers=headers, media_type="application/geo+json")


@router.get("/api/v1/picture")
async def picture(_: Viewer, parts: Parts) -> Response:
    """The whole live picture."""
    if not parts.live.is_ready:
        raise Denied(503, Reason("picture", "the record is still being read", "try again in a second"))
    headers = {"Cache-Control": "no-store"}
    return Response(parts.live.snapshot(), headers=headers, media_type="application/json")


@router.get("/healthz")
async def healthz(parts: Parts) -> Response:
    """200 when every part works, else 503."""
    found = dict(parts.health())
    body = {name: {"ok": h.ok, "says": h.says} for name, h in found.items()}
    body["picture"] = {"ok": parts.live.is_ready, "says": f"record {parts.live.picture.log_seq}"}
    ok = all(p["ok"] for p in body.values())
    return reply({"ok": ok, "parts": body}, 200 if ok else 503)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """For Prometheus."""
    text = cast(Metrics, request.app.state.metrics).text()
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/api/v1/audit")
async def audit(
    _: Auditor,
    parts: Parts,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Response:
    """What staff did, in order: every record after `after` that names who did it. `next`: where to go on."""
    found: list[dict[str, Any]] = []
    seq = after
    while len(found) < limit:
        batch = await parts.log.read(seq, PAGE)
        for record in batch:
            seq = record.seq
            line = audit_line(record)
            if line is not None:
                found.append(line)
                if len(found) == limit:
                    break
        if len(batch) < PAGE:
            break
        await asyncio.sleep(0)
    return reply({"records": found, "next": seq})


def audit_line(record: Recorded) -> dict[str, Any] | None:
    """One record of the audit; None for facts that nobody of the staff caused."""
    by = getattr(record.fact, "by", None)
    if by is None:
        return None
    plain = {f.name: getattr(record.fact, f.name) for f in fields(record.fact) if f.name not in ("by", "area", "plan")}
    words = {k: str(v) for k, v in plain.items() if isinstance(v, str | int | float)}
    return {"seq": record.seq, "at": record.at, "kind": type(record.fact).__name__, "by": by, "what": words}
