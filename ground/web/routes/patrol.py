"""Units' phones and compounds' devices."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from core.commands import AcceptTask, ArriveAtTask, ClearTask, RaiseAlarm, ReportUnit
from core.errors import Malformed, Reason
from core.events import TaskOutcome
from core.geo import LatLon
from core.ids import AlarmId, DeviceId, SiteId, TaskId, UnitId
from core.roles import Operation, Principal, Role
from core.units import UtcSeconds
from ground.dispatch.tasks import guidance
from ground.units.places import places
from ground.web import entities
from ground.web.edge.access import Parts, allowed, own
from ground.web.edge.answers import Denied, answered, reply
from ground.web.edge.bodies import AlarmBody, ArriveBody, ClearBody, Nothing, PathId, PositionBody
from ground.web.parts import WebParts

router = APIRouter(prefix="/api/v1")
Unit = Annotated[Principal, Depends(allowed(Operation.REPORT_UNIT))]
UnitOrDispatcher = Annotated[Principal, Depends(allowed(Operation.REPORT_UNIT, Operation.SEND_UNIT))]
SiteDevice = Annotated[Principal, Depends(allowed(Operation.RAISE_ALARM))]


@router.post("/units/{id}/position")
async def position(id: PathId, body: PositionBody, who: Unit, parts: Parts) -> Response:
    """Where a unit is."""
    own(who, id, "id")
    at = UtcSeconds(parts.clock.now() if body.at is None else body.at)
    place = LatLon(body.lat_deg, body.lon_deg)
    return answered(await parts.ask(ReportUnit(UnitId(id), place, at, body.heading_deg, body.speed_mps)))


@router.get("/units/{id}/task")
async def task(id: PathId, who: Unit, parts: Parts) -> Response:
    """The unit's task, and the way from its newest place; both null when there is none."""
    own(who, id, "id")
    picture = parts.live.picture
    bound = picture.roster.busy.get(UnitId(id))
    if bound is None:
        return reply({"task": None, "guidance": None})
    found = picture.roster.tasks[bound]
    incident = picture.book.incidents.get(found.incident)
    at = places(parts.trail.newest()).get(UnitId(id))
    way: dict[str, Any] | None = None
    if incident is not None and at is not None:
        g = guidance(incident, at)
        way = {
            "bearing_deg": round(g.bearing_deg, 1),
            "distance_m": round(g.distance_m, 1),
            "lat_deg": g.place.lat_deg,
            "lon_deg": g.place.lon_deg,
            "ellipse": entities.ellipse(g.covariance) if g.covariance else None,
        }
    return reply({"task": entities.task_entity(found, incident, at), "guidance": way})


@router.post("/tasks/{id}/accept")
async def accept(id: PathId, who: Unit, parts: Parts, _: Nothing | None = None) -> Response:
    """The unit goes."""
    return answered(await parts.ask(AcceptTask(TaskId(id), UnitId(who.name))))


@router.post("/tasks/{id}/arrive")
async def arrive(id: PathId, body: ArriveBody, who: Unit, parts: Parts) -> Response:
    """The unit is there."""
    place = LatLon(body.lat_deg, body.lon_deg)
    return answered(await parts.ask(ArriveAtTask(TaskId(id), UnitId(who.name), place)))


@router.post("/tasks/{id}/clear")
async def clear(id: PathId, body: ClearBody, who: UnitOrDispatcher, parts: Parts) -> Response:
    """What the unit found. Dispatchers may recall a unit, nothing else."""
    unit = UnitId(who.name) if who.role is Role.UNIT else _recalled(parts, TaskId(id), body.outcome)
    return answered(await parts.ask(ClearTask(TaskId(id), unit, body.outcome)))


@router.post("/sites/{id}/alarms")
async def alarm(id: PathId, body: AlarmBody, who: SiteDevice, parts: Parts) -> Response:
    """A device of a compound reports."""
    own(who, id, "id")
    if (body.lat_deg is None) != (body.lon_deg is None):
        raise Malformed("lat_deg", "given without lon_deg" if body.lon_deg is None else "missing", "send both or none")
    place = None if body.lat_deg is None or body.lon_deg is None else LatLon(body.lat_deg, body.lon_deg)
    at = UtcSeconds(parts.clock.now() if body.at is None else body.at)
    id_ = AlarmId(body.id or parts.new_id("a"))
    return answered(await parts.ask(RaiseAlarm(id_, SiteId(id), DeviceId(body.device), body.kind, at, place)))


def _recalled(parts: WebParts, task: TaskId, outcome: TaskOutcome) -> UnitId:
    """The unit a dispatcher recalls; raises Denied."""
    if outcome is not TaskOutcome.RECALLED:
        raise Denied(
            403, Reason("outcome", "only the unit itself can say what it found", "recalled is what you can set")
        )
    found = parts.live.picture.roster.tasks.get(task)
    if found is None:
        raise Denied(422, Reason("task", f"{task} is unknown", "take an id from the picture"))
    return found.unit
