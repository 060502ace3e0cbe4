"""Nothing that comes in by radio raises: not noise, not broken frames, not well-framed nonsense."""

from __future__ import annotations

import itertools
import math
import struct
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymavlink.dialects.v20 import ardupilotmega as mav

from core.drone import Autopilot
from sitl.vehicle.autopilot import commands, receive
from sitl.vehicle.dialect.personality import Doing
from sitl.vehicle.fleet import Radio

RELAXED = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
both = pytest.mark.parametrize("who", list(Autopilot), ids=str)
HANDLED = [mav.mavlink_map[i] for i in receive._TABLE]
ODD = (0.0, 1.0, -1.0, 7.0, 1e30, math.nan, math.inf, -math.inf)
odd = st.sampled_from(ODD)


def framed(kind: Any, payload: bytes, sender: int = 255) -> bytes:
    """A valid MAVLink 2 frame around any payload."""
    head = struct.pack("<BBBBBBBHB", 0xFD, len(payload), 0, 0, 0, sender, 190, kind.id & 0xFFFF, kind.id >> 16)
    return head + payload + struct.pack("<H", mav.x25crc(head[1:] + payload + bytes([kind.crc_extra])).crc)


def all_packs(b: Any) -> None:
    codec = mav.MAVLink(None, 7, 1)
    for m in b.heard:
        m.pack(codec)


@both
@given(
    data=st.lists(st.one_of(st.binary(max_size=300), st.binary(max_size=80).map(lambda d: b"\xfd" + d)), max_size=10)
)
@RELAXED
def test_noise_is_dropped(bench: Any, who: Autopilot, data: list[bytes]) -> None:
    b = bench(who)
    radio = Radio(b.craft)
    for noise in data:
        radio.datagram_received(noise, ("127.0.0.1", 9))
    heartbeat = mav.MAVLink_heartbeat_message(6, 8, 0, 0, 4, 3).pack(mav.MAVLink(None, 255, 190))
    radio.datagram_received(heartbeat[:9], ("127.0.0.1", 9))
    radio.datagram_received(heartbeat, ("127.0.0.1", 21998))
    assert radio.remote == ("127.0.0.1", 21998)


@both
@given(data=st.lists(st.tuples(st.sampled_from(HANDLED), st.binary(min_size=255, max_size=255)), max_size=20))
@RELAXED
def test_well_framed_nonsense_is_survived(bench: Any, who: Autopilot, data: list[tuple[Any, bytes]]) -> None:
    b = bench(who)
    codec = mav.MAVLink(None, 7, 1)
    codec.robust_parsing = True
    for kind, noise in data:
        for m in codec.parse_buffer(framed(kind, noise[: kind.unpacker.size])) or ():
            for field, value in (("target_system", 7), ("target_component", 1)):
                if hasattr(m, field):
                    setattr(m, field, value)
            receive.receive(b.brain, m)
    b.brain.armed = True
    b.run(0.4)
    all_packs(b)


@both
@given(number=st.sampled_from(sorted(commands.TABLE)), p=st.tuples(*[odd] * 7), doing=st.sampled_from(list(Doing)))
@settings(RELAXED, max_examples=120)
def test_every_command_takes_any_numbers(bench: Any, who: Autopilot, number: int, p: Any, doing: Doing) -> None:
    b = bench(who)
    b.upload(b.square())
    b.brain.armed = True
    b.brain.doing = doing
    assert b.command(number, *p) in range(8)
    args = (*p[:4], 2**31 - 1, -(2**31), p[6])
    b.send(mav.MAVLink_command_int_message(7, 1, 3, number, 0, 0, *args))
    b.run(0.2)
    all_packs(b)


@pytest.mark.parametrize("number", sorted(commands.TABLE))
def test_each_command_alone_with_each_odd_number(vehicle: Any, number: int) -> None:
    for a, z in itertools.product(ODD, repeat=2):
        assert vehicle.command(number, a, z, a, z, a, z, a) in range(8)
    vehicle.run(0.2)
    all_packs(vehicle)


def test_what_is_for_another_vehicle_is_ignored(vehicle: Any) -> None:
    assert vehicle.send(mav.MAVLink_command_long_message(8, 1, 400, 0, 1, 0, 0, 0, 0, 0, 0)) == []
    assert vehicle.send(mav.MAVLink_command_long_message(7, 154, 400, 0, 1, 0, 0, 0, 0, 0, 0)) == []
    assert vehicle.send(mav.MAVLink_command_long_message(0, 0, 401, 0, 1, 0, 0, 0, 0, 0, 0))[-1].result == 0
