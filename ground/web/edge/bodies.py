"""Shapes of request bodies. Unknown fields, texts for numbers, NaN and infinities are refused with the field's path."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from core.events import AlarmKind, TaskOutcome

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Latitude = Annotated[float, Field(strict=True, ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(strict=True, ge=-180, le=180, allow_inf_nan=False)]
IdText = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
PathId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Note = Annotated[str, Field(max_length=2000)]


class Body(BaseModel):
    """Base of all bodies."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SignIn(Body):
    name: Annotated[str, Field(max_length=64)]
    password: Annotated[str, Field(max_length=256)]


class NewPassword(Body):
    old: Annotated[str, Field(max_length=256)]
    new: Annotated[str, Field(max_length=256)]


class SearchBody(Body):
    id: IdText | None = None
    area: Any
    drones: Annotated[list[IdText], Field(max_length=100)] = []
    height_agl_m: Number | None = None
    speed_mps: Number | None = None
    swath_m: Number | None = None
    gimbal_pitch_deg: Number | None = None
    margin_m: Number | None = None
    plain: Annotated[bool, Field(strict=True)] = False


class JoinBody(Body):
    drone: IdText


class NoteBody(Body):
    note: Note = ""


class DismissBody(Body):
    reason: Note


class SendBody(Body):
    unit: IdText | None = None
    task: IdText | None = None


class PositionBody(Body):
    lat_deg: Latitude
    lon_deg: Longitude
    at: Number | None = None
    heading_deg: Number | None = None
    speed_mps: Number | None = None


class ArriveBody(Body):
    lat_deg: Latitude
    lon_deg: Longitude


class ClearBody(Body):
    outcome: TaskOutcome


class AlarmBody(Body):
    id: IdText | None = None
    device: IdText
    kind: AlarmKind
    at: Number | None = None
    lat_deg: Latitude | None = None
    lon_deg: Longitude | None = None


class Nothing(Body):
    """No fields."""
