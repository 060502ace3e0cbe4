"""Searches, and orders to drones."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal, TypeVar

from fastapi import APIRouter, Depends
from starlette.responses import Response

from core.commands import ApproveSearch, Hold, JoinSearch, ResumeSearch, Return, SearchArea, StopSearch
from core.errors import Reason
from core.ids import DroneId, PersonName, SearchId
from core.roles import Operation, Principal
from ground.web.edge.access import Parts, allowed
from ground.web.edge.answers import Denied, answered, reply
from ground.web.edge.area import parse_area
from ground.web.edge.bodies import JoinBody, Nothing, PathId, SearchBody

router = APIRouter(prefix="/api/v1")
T = TypeVar("T")
Viewer = Annotated[Principal, Depends(allowed(Operation.SEE_PICTURE))]
Planner = Annotated[Principal, Depends(allowed(Operation.PLAN_SEARCH))]
Approver = Annotated[Principal, Depends(allowed(Operation.APPROVE_SEARCH))]
Anybody = Annotated[Principal, Depends(allowed(Operation.HOLD_OR_RETURN))]
Pilot = Annotated[Principal, Depends(allowed(Operation.FLY))]


@router.post("/searches")
async def search(body: SearchBody, who: Planner, parts: Parts) -> Response:
    """Plan a search; nothing flies before it is approved."""
    area = await asyncio.to_thread(parse_area, body.area)
    named = {"height_agl_m", "speed_mps", "swath_m", "gimbal_pitch_deg", "margin_m", "plain"}
    given = body.model_dump(exclude_none=True, include=named)
    id_ = SearchId(body.id or parts.new_id("s"))
    drones = tuple(map(DroneId, body.drones))
    return answered(await parts.ask(SearchArea(search=id_, area=area, by=who.name, drones=drones, **given)))


@router.post("/searches/{id}/approve")
async def approve(id: PathId, who: Approver, parts: Parts, _: Nothing | None = None) -> Response:
    """Let the drones of a planned search take off."""
    return answered(await parts.ask(ApproveSearch(SearchId(id), who.name)))


@router.post("/searches/{id}/join")
async def join(id: PathId, body: JoinBody, who: Approver, parts: Parts) -> Response:
    """Let a drone that stands ready take off for a share of what a flying search has left."""
    return answered(await parts.ask(JoinSearch(SearchId(id), DroneId(body.drone), who.name)))


@router.post("/searches/{id}/stop")
async def stop(id: PathId, who: Planner, parts: Parts, _: Nothing | None = None) -> Response:
    """End a search; its drones come home."""
    return answered(await parts.ask(StopSearch(SearchId(id), who.name)))


@router.get("/searches/{id}/coverage")
async def coverage(id: PathId, _: Viewer, parts: Parts) -> Response:
    """What a search has truly seen: its gaps as GeoJSON, figures, where the picture of its POD lies, and the searches
    that would fly the gaps again."""
    return reply(_known(await parts.coverage.coverage(SearchId(id)), id))


@router.get("/searches/{id}/coverage/pod")
async def pod_rows(id: PathId, _: Viewer, parts: Parts) -> Response:
    """The probability of detection by cell: rows of numbers, north first, null outside the area."""
    return reply(_known(await parts.coverage.pod_rows(SearchId(id)), id))


@router.get("/searches/{id}/coverage/pod.png")
async def pod_picture(id: PathId, _: Viewer, parts: Parts, theme: Literal["night", "day"] = "night") -> Response:
    """The same as a picture, one pixel a cell; it lies between the corners that the coverage tells."""
    found = _known(await parts.coverage.pod_picture(SearchId(id), theme), id)
    return Response(found, media_type="image/png", headers={"Cache-Control": "no-store"})


def _known(found: T | None, id_: str) -> T:
    if found is None:
        raise Denied(404, Reason("search", f"no search {id_} was accepted", "see the picture's searches for their ids"))
    return found


@router.post("/drones/{id}/hold")
async def hold(id: PathId, who: Anybody, parts: Parts, _: Nothing | None = None) -> Response:
    """Stop and hover."""
    return answered(await parts.ask(Hold(DroneId(id), who.name)))


@router.post("/drones/{id}/return")
async def come_home(id: PathId, who: Anybody, parts: Parts, _: Nothing | None = None) -> Response:
    """Come home and land."""
    return answered(await parts.ask(Return(DroneId(id), who.name)))


@router.post("/drones/{id}/resume")
async def resume(id: PathId, who: Pilot, parts: Parts, _: Nothing | None = None) -> Response:
    """Go on with the sector from where it was left."""
    return answered(await parts.ask(ResumeSearch(DroneId(id), PersonName(who.name))))


@router.post("/fleet/hold")
async def hold_all(who: Anybody, parts: Parts, _: Nothing | None = None) -> Response:
    """All drones stop and hover."""
    return answered(await parts.ask(Hold(None, who.name)))


@router.post("/fleet/return")
async def all_come_home(who: Anybody, parts: Parts, _: Nothing | None = None) -> Response:
    """All drones come home."""
    return answered(await parts.ask(Return(None, who.name)))
