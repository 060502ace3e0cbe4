"""Facts <-> protobuf, by the shape of the dataclasses: a field of a fact is the field of that name in its message.

The schema (proto/airground/v1/events.proto) names every fact and field itself; a test walks both and fails
when they differ, and another when any field could hold an identity (DESIGN section 5).
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any

from google.protobuf.message import DecodeError, Message

from core.errors import Malformed
from core.events import Fact
from core.geo import LatLon
from proto.airground.v1 import events_pb2, types_pb2

FACTS: dict[str, type] = {t.__name__: t for t in typing.get_args(Fact)}

Put = Callable[[Message, Any], None]
Get = Callable[[Message], Any]


def snake(name: str) -> str:
    """CamelCase -> camel_case."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def encode(fact: Fact) -> bytes:
    """One fact as a serialized airground.v1.Fact."""
    message = events_pb2.Fact()
    put(getattr(message, snake(type(fact).__name__)), fact)
    return message.SerializeToString()


def decode(blob: bytes) -> Fact:
    """The fact in a serialized airground.v1.Fact; raises Malformed."""
    message = events_pb2.Fact()
    try:
        message.ParseFromString(blob)
    except DecodeError as e:
        raise Malformed("fact", "not an airground.v1.Fact") from e
    kind = message.WhichOneof("fact")
    if kind is None:
        raise Malformed("fact", "of a kind this version does not know", "update airground")
    made = get(getattr(message, kind), FACTS["".join(p.title() for p in kind.split("_"))])
    return typing.cast(Fact, made)


def put(message: Message, value: Any) -> None:
    """Fill `message` from the dataclass `value`, field by field."""
    message.SetInParent()
    kind: Any = type(value)
    for name, writer, _ in codec(kind):
        writer(message, getattr(value, name))


def get(message: Message, kind: Any) -> Any:
    """The dataclass `kind` from `message`; its own constructor checks the values. Raises Malformed."""
    return kind(**{name: reader(message) for name, _, reader in codec(kind)})


@cache
def codec(kind: Any) -> tuple[tuple[str, Put, Get], ...]:
    """(field, writer, reader) for every field of a dataclass."""
    hints = typing.get_type_hints(kind)
    return tuple((f.name, *_field(f.name, hints[f.name])) for f in fields(kind))


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a type hint comes down to."""

    base: Any
    optional: bool
    repeated: bool


def _reduce(hint: Any) -> _Kind:
    optional = repeated = False
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        (hint,) = [a for a in typing.get_args(hint) if a is not type(None)]
        optional = True
    if typing.get_origin(hint) is tuple:
        hint, repeated = typing.get_args(hint)[0], True
    while hasattr(hint, "__supertype__"):
        hint = hint.__supertype__
    return _Kind(hint, optional, repeated)


def _field(name: str, hint: Any) -> tuple[Put, Get]:
    kind = _reduce(hint)
    if typing.get_origin(kind.base) is tuple:  # a ring of places: protobuf has no list of lists
        return _rings(name)
    if is_dataclass(kind.base):
        return _repeated_message(name, kind.base) if kind.repeated else _message(name, kind)
    if isinstance(kind.base, type) and issubclass(kind.base, Enum):
        return _enum(name, kind.base)
    return _scalar(name, kind)


def _scalar(name: str, kind: _Kind) -> tuple[Put, Get]:
    if kind.repeated:
        return (lambda m, v: getattr(m, name).extend(v)), (lambda m: tuple(getattr(m, name)))

    def write(m: Message, v: Any) -> None:
        if v is not None:
            setattr(m, name, v)

    def read(m: Message) -> Any:
        return None if kind.optional and not m.HasField(name) else getattr(m, name)

    return write, read


def _enum(name: str, base: type[Enum]) -> tuple[Put, Get]:
    table: Any = getattr(types_pb2, base.__name__)
    prefix = snake(base.__name__).upper() + "_"

    def read(m: Message) -> Any:
        label = table.Name(getattr(m, name)).removeprefix(prefix)
        if label not in base.__members__:
            raise Malformed(name, f"{label} is no {base.__name__}")
        return base[label]

    return (lambda m, v: setattr(m, name, table.Value(prefix + v.name))), read


def _message(name: str, kind: _Kind) -> tuple[Put, Get]:
    def write(m: Message, v: Any) -> None:
        if v is not None:
            put(getattr(m, name), v)

    def read(m: Message) -> Any:
        if not m.HasField(name):
            if kind.optional:
                return None
            raise Malformed(name, "missing")
        return get(getattr(m, name), kind.base)

    return write, read


def _repeated_message(name: str, base: Any) -> tuple[Put, Get]:
    def write(m: Message, v: Any) -> None:
        for item in v:
            put(getattr(m, name).add(), item)

    return write, lambda m: tuple(get(item, base) for item in getattr(m, name))


def _rings(name: str) -> tuple[Put, Get]:
    def write(m: Message, v: Any) -> None:
        for ring in v:
            made = getattr(m, name).add()
            for place in ring:
                put(made.points.add(), place)

    return write, lambda m: tuple(tuple(get(p, LatLon) for p in ring.points) for ring in getattr(m, name))
