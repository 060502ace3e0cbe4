"""Messages of flight.proto <-> our words. Raises Malformed with the field's name and the fix."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from core.commands import SearchArea
from core.drone import DroneState
from core.errors import Malformed, Reason
from core.events import Phase
from core.geo import Area
from core.ids import DroneId, PersonName, SearchId, checked_id
from core.io import wire
from core.units import UtcSeconds
from proto.airground.v1 import flight_pb2, types_pb2

DEFAULT_HEIGHT_AGL_M = 60.0
DEFAULT_SPEED_MPS = 12.0
OPTIONAL = ("swath_m", "gimbal_pitch_deg", "margin_m")
MOST_CORNERS = 100_000


def search_of(request: Any, by: PersonName) -> SearchArea:
    """SubmitSearchRequest as a wish. Whether the polygon crosses itself is the planner's to judge."""
    if not request.HasField("area"):
        raise Malformed("area", "missing", "send a polygon of at least 3 corners")
    corners = len(request.area.outer) + sum(len(h.points) for h in request.area.holes)
    if corners > MOST_CORNERS:
        raise Malformed("area", f"{corners} corners", f"simplify it to {MOST_CORNERS} or fewer")
    given = {name: getattr(request, name) for name in OPTIONAL if request.HasField(name)}
    return SearchArea(
        search=SearchId(checked_id("search", request.search)),
        area=wire.get(request.area, Area),
        by=by,
        drones=tuple(DroneId(checked_id("drones", d)) for d in request.drones),
        height_agl_m=request.height_agl_m or DEFAULT_HEIGHT_AGL_M,
        speed_mps=request.speed_mps or DEFAULT_SPEED_MPS,
        plain=request.plain,
        **given,
    )


def drone_of(request: Any) -> DroneId | None:
    """The drone of a HoldRequest or ReturnRequest; None: all."""
    return DroneId(checked_id("drone", request.drone)) if request.HasField("drone") else None


def put_reasons(answer: Any, reasons: Iterable[Reason]) -> None:
    """Fill `answer.reasons`."""
    for reason in reasons:
        wire.put(answer.reasons.add(), reason)


def drone_message(state: DroneState, phase: Phase, now: UtcSeconds) -> Any:
    """One drone as last heard; what was never heard stays absent."""
    m = flight_pb2.Drone(
        drone=state.drone,
        system_id=state.system_id,
        autopilot=getattr(types_pb2, f"AUTOPILOT_{state.autopilot.name}"),
        version=state.version,
        heard_at=state.heard_at,
        phase=getattr(types_pb2, f"PHASE_{phase.name}"),
        link_lost=state.lost(now),
    )
    if state.place is not None:
        place = state.place.value
        m.place.lat_deg, m.place.lon_deg, m.place.alt_amsl_m = place.lat_deg, place.lon_deg, place.alt_amsl_m
    if state.above_home_m is not None:
        m.above_home_m = state.above_home_m.value
    if state.attitude is not None:
        m.heading_deg = state.attitude.value.heading_deg
    if state.velocity is not None:
        m.ground_speed_mps = math.hypot(state.velocity.value.north_mps, state.velocity.value.east_mps)
    if state.battery is not None:
        m.battery_left = state.battery.value.left
    if state.mode is not None:
        m.mode = state.mode.value.value
    if state.armed is not None:
        m.armed = state.armed.value
    if state.in_air is not None:
        m.in_air = state.in_air.value
    return m
