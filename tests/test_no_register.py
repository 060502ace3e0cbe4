"""DESIGN section 5: this is no register of people. No fact, wish, message, request or picture can hold an identity."""

from __future__ import annotations

import re
import typing
from dataclasses import fields, is_dataclass
from itertools import pairwise

import msgspec
import pytest

from core import commands
from core.events import Fact
from core.geo import Covariance
from core.io import settings as settings_module
from ground.sites import site as site_module
from ground.web.edge import bodies
from ground.web.picture import COLLECTIONS
from proto.airground.v1 import events_pb2, flight_pb2, picture_pb2, types_pb2

FORBIDDEN = {
    "face", "faces", "facial", "gait", "iris", "fingerprint", "biometric", "biometrics", "embedding", "descriptor",
    "identity", "identification", "passport", "plate", "licence", "license", "birth", "birthday", "dob", "age",
    "gender", "sex", "race", "ethnicity", "nationality", "religion", "surname", "forename", "firstname", "lastname",
    "fullname", "citizen", "ssn", "idcard", "phone", "imei", "imsi", "mac", "email", "address", "watchlist", "suspect",
    "criminal", "reid", "similarity", "match", "matched", "person",
}  # fmt: skip
PAIRS = {("id", "number"), ("id", "card"), ("person", "name"), ("person", "id"), ("national", "id"), ("real", "name")}
NAMED_THINGS = {
    "_Camera",
    "_Sensor",
    "_Site",
    "DroneSettings",
    "UnitSettings",
    "SiteCamera",
    "Sensor",
    "Site",
    "SignIn",
}
"""The only shapes with a `name`: things we own, and staff signing in. Nothing that describes what was seen is here."""


def words(name: str) -> list[str]:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().split("_")


def complaint(owner: str, field: str) -> str | None:
    parts = words(field)
    if FORBIDDEN.intersection(parts) or any(p in PAIRS for p in pairwise(parts)):
        return f"{owner}.{field} could hold an identity"
    if "name" in parts and owner not in NAMED_THINGS:
        return f"{owner}.{field}: only things we own have names"
    return None


def dataclass_fields(kind: typing.Any, seen: set[type]) -> list[tuple[str, str]]:
    """(owner, field) of a dataclass and of all dataclasses inside it."""
    while hasattr(kind, "__supertype__"):
        kind = kind.__supertype__
    if args := typing.get_args(kind):
        return [f for a in args for f in dataclass_fields(a, seen)]
    if not is_dataclass(kind) or kind in seen:
        return []
    seen.add(kind)
    hints = typing.get_type_hints(kind)
    own = [(kind.__name__, f.name) for f in fields(kind)]
    return own + [f for h in hints.values() for f in dataclass_fields(h, seen)]


def message_fields(descriptor: typing.Any) -> list[tuple[str, str]]:
    found = [(descriptor.name, f.name) for f in descriptor.fields]
    return found + [f for n in descriptor.nested_types for f in message_fields(n)]


def every_field() -> list[tuple[str, str]]:
    found = dataclass_fields(Fact, set())
    wishes = [v for v in vars(commands).values() if isinstance(v, type) and v.__module__ == commands.__name__]
    found += [f for w in wishes for f in dataclass_fields(w, set())]
    for module in (events_pb2, flight_pb2, picture_pb2, types_pb2):
        for message in module.DESCRIPTOR.message_types_by_name.values():
            if message is not events_pb2.Fact.DESCRIPTOR:  # its fields are names of facts; those are walked themselves
                found += message_fields(message)
    for module in (settings_module, site_module):
        structs = [v for v in vars(module).values() if isinstance(v, type) and issubclass(v, msgspec.Struct)]
        found += [(s.__name__, f) for s in structs for f in s.__struct_fields__]
    models = [v for v in vars(bodies).values() if isinstance(v, type) and issubclass(v, bodies.Body)]
    return found + [(m.__name__, f) for m in models for f in m.model_fields]


def test_no_field_anywhere_could_hold_an_identity() -> None:
    every = every_field()
    assert len(every) > 250, "the walk has lost its way"
    assert {"SightingMade", "ReportUnit", "AlarmBody", "_Site", "StreamPictureResponse"} <= {o for o, _ in every}
    assert [c for c in (complaint(o, f) for o, f in every) if c] == []


@pytest.mark.parametrize(
    "field",
    ["face_id", "person_name", "personName", "plate", "id_number", "gait_vector", "name", "licence_plate", "embedding"],
)
def test_the_walk_would_catch_it(field: str) -> None:
    assert complaint("SightingMade", field)


def test_free_text_is_only_where_staff_explain_themselves() -> None:
    """A sighting and an incident as the picture shows them have no free text but the note of staff."""
    free = {("ViewGranted", "purpose"), ("IncidentConfirmed", "note"), ("IncidentDismissed", "reason"),
            ("IncidentClosed", "note")}  # fmt: skip
    sighting = {f for o, f in dataclass_fields(Fact, set()) if o == "SightingMade"}
    assert sighting == {"sighting", "track", "drone", "at", "place", "covariance", "score", "views", "detector",
                        "pose", "box", "chip"}  # fmt: skip
    assert free <= set(dataclass_fields(Fact, set()))
    assert "people" not in COLLECTIONS
    assert {f.name for f in fields(Covariance)} == {"ee_m2", "en_m2", "nn_m2"}
