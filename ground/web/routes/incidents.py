"""Judging incidents, sending units, and the pictures of sightings."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from core.commands import CloseIncident, ConfirmIncident, DismissIncident, SendUnit
from core.errors import Reason
from core.events import SightingMade
from core.ids import IncidentId, SightingId, TaskId, UnitId
from core.roles import Operation, Principal
from ground.web.edge.access import Parts, allowed
from ground.web.edge.answers import Denied, answered
from ground.web.edge.bodies import DismissBody, NoteBody, PathId, SendBody
from ground.web.edge.views import Purpose, grant

router = APIRouter(prefix="/api/v1")
Judge = Annotated[Principal, Depends(allowed(Operation.JUDGE_INCIDENT))]
Dispatcher = Annotated[Principal, Depends(allowed(Operation.SEND_UNIT))]
Viewer = Annotated[Principal, Depends(allowed(Operation.VIEW_VIDEO))]


@router.post("/incidents/{id}/confirm")
async def confirm(id: PathId, who: Judge, parts: Parts, body: NoteBody | None = None) -> Response:
    """It is what it seems."""
    return answered(await parts.ask(ConfirmIncident(IncidentId(id), who.name, body.note if body else "")))


@router.post("/incidents/{id}/dismiss")
async def dismiss(id: PathId, body: DismissBody, who: Judge, parts: Parts) -> Response:
    """It is not what it seemed; units on the way are free again."""
    return answered(await parts.ask(DismissIncident(IncidentId(id), who.name, body.reason)))


@router.post("/incidents/{id}/close")
async def close(id: PathId, who: Judge, parts: Parts, body: NoteBody | None = None) -> Response:
    """It is dealt with."""
    return answered(await parts.ask(CloseIncident(IncidentId(id), who.name, body.note if body else "")))


@router.post("/incidents/{id}/send")
async def send(id: PathId, who: Dispatcher, parts: Parts, body: SendBody | None = None) -> Response:
    """Send a unit; without one named, the one that is there first."""
    wanted = body or SendBody()
    unit = UnitId(wanted.unit) if wanted.unit else None
    return answered(await parts.ask(SendUnit(TaskId(wanted.task or parts.new_id("t")), IncidentId(id), who.name, unit)))


@router.get("/sightings/{id}/chip.jpg")
async def chip(
    id: PathId, who: Viewer, parts: Parts, purpose: Purpose, reference: Annotated[str, Query(max_length=64)] = ""
) -> Response:
    """The picture of a sighting. It belongs to an open incident or search, and the view is in the audit log first."""
    known = parts.live.picture.sightings.get(SightingId(id))
    if known is None:
        raise Denied(404, Reason("sighting", f"{id} is not in the picture", "take an id from the picture"))
    seq, sighting = known
    about = reference or parts.live.picture.book.causes.get(id) or _search_of(parts, sighting)
    await grant(parts, who.name, f"sighting/{id}", purpose, about)
    records = await parts.log.read(seq - 1, 1)
    fact = records[0].fact if records else None
    if not isinstance(fact, SightingMade) or not fact.chip:
        raise Denied(404, Reason("sighting", f"{id} has no picture", "look at the live video instead"))
    return Response(fact.chip, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


def _search_of(parts: Parts, sighting: SightingMade) -> str:
    """The open search that the sighting's drone flies; "" when it flies none."""
    drone = parts.live.picture.drones.get(sighting.drone)
    return (drone.search if drone else None) or ""
