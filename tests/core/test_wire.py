from __future__ import annotations

import typing
from dataclasses import fields

import pytest
from hypothesis import given, settings

from core.errors import Malformed
from core.events import Fact
from core.io import wire
from proto.airground.v1 import events_pb2
from tests.core.strategies import built, facts


@given(facts)
@settings(max_examples=300, deadline=None)
def test_decode_undoes_encode(fact: Fact) -> None:
    assert wire.decode(wire.encode(fact)) == fact


@pytest.mark.parametrize("kind", typing.get_args(Fact), ids=lambda k: k.__name__)
def test_every_kind_of_fact_round_trips_and_has_the_same_fields_in_the_schema(kind: type) -> None:
    @given(built(kind))
    @settings(max_examples=20, deadline=None)
    def round_trip(fact: Fact) -> None:
        assert wire.decode(wire.encode(fact)) == fact

    round_trip()
    message = events_pb2.Fact.DESCRIPTOR.fields_by_name[wire.snake(kind.__name__)].message_type
    assert [f.name for f in message.fields] == [f.name for f in fields(kind)]


def test_schema_has_no_fact_that_python_does_not_know() -> None:
    assert {f.message_type.name for f in events_pb2.Fact.DESCRIPTOR.fields} == set(wire.FACTS)


@pytest.mark.parametrize("blob", [b"", b"\xff\xff\xff", b"\x0a\x05ab"])
def test_junk_is_malformed(blob: bytes) -> None:
    with pytest.raises(Malformed):
        wire.decode(blob)


def test_values_that_can_not_exist_are_malformed() -> None:
    message = events_pb2.Fact()
    message.sighting_made.sighting = "s"
    message.sighting_made.score = float("nan")
    with pytest.raises(Malformed):
        wire.decode(message.SerializeToString())
