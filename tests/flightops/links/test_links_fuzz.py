"""50,000 mutated frames into the parse path: nothing is raised, nothing leaves for an aircraft."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymavlink.dialects.v20 import ardupilotmega as mav

from core.io.runtime import SystemClock
from core.io.settings import DroneSettings, MapSettings, Place, Settings
from flightops.links.air.frames import MAX_BUFFER, Writer
from flightops.links.gateway import Gateway

HERE = ("127.0.0.1", 5)


def corpus(rng: np.random.Generator) -> list[bytes]:
    """One frame of every message type, fields at random bytes."""
    frames = []
    for kind in mav.mavlink_map.values():
        values = kind.unpacker.unpack(rng.bytes(kind.unpacker.size))
        arrays, at = [], 0
        for length, name in zip(kind.lengths, kind.ordered_fieldnames, strict=True):
            several = kind.fieldtypes[kind.fieldnames.index(name)] != "char" and length > 1
            arrays.append(list(values[at : at + length]) if several else values[at])
            at += length if several else 1
        fields = dict(zip(kind.ordered_fieldnames, arrays, strict=True))
        frames.append(Writer(1, 1).pack(kind(**fields)))
    return frames


def mutated(frame: bytes, rng: np.random.Generator) -> bytes:
    """Flipped bytes, cut, doubled, with junk before; or whole with a mended checksum."""
    data = bytearray(frame)
    kind = rng.integers(6)
    if kind <= 2:
        for _ in range(rng.integers(1, 6)):
            data[rng.integers(len(data))] = rng.integers(256)
    if kind == 2:
        number = data[7] | data[8] << 8 | data[9] << 16 if len(data) > 10 else 0
        if number in mav.mavlink_map:
            crc = mav.x25crc(bytes(data[1:-2]) + bytes([mav.mavlink_map[number].crc_extra])).crc
            data[-2:] = crc.to_bytes(2, "little")
    if kind == 3:
        data = data[: rng.integers(1, len(data) + 1)]
    if kind == 4:
        data = data + data[rng.integers(len(data)) :]
    if kind == 5:
        data = bytearray(rng.bytes(int(rng.integers(1, 40)))) + data
    return bytes(data)


@pytest.mark.slow
async def test_mutated_frames_raise_nothing_and_command_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(20261122)
    drones = (DroneSettings(id="d1", link="udpin://127.0.0.1:23301", unsigned=True),)
    gateway = Gateway(
        Settings(data_dir=str(tmp_path), map=MapSettings(centre=Place(45.0, 13.0)), drones=drones), SystemClock()
    )
    (line,) = gateway._lines
    line._on_message = gateway._from_air
    sent: list[Any] = []
    monkeypatch.setattr(line.endpoint, "send", lambda frame, to: sent.append(frame) or True)
    heartbeat = Writer(1, 1).pack(mav.MAVLink_heartbeat_message(2, 12, 1, 0, 4, 3))
    line.received(heartbeat, HERE)
    frames = corpus(rng)
    for k in range(50_000):
        line.received(mutated(frames[int(rng.integers(len(frames)))], rng), HERE)
        if k % 10 == 0:
            gateway.from_mavsdk(mutated(frames[int(rng.integers(len(frames)))], rng))
    state = gateway._drones[next(iter(gateway.ids))][1].state
    assert state is not None
    assert line.bad_frames > 10_000
    assert line.frames > 5_000
    assert not sent
    assert len(line._parsers[HERE]._mav.buf) <= MAX_BUFFER + 1000
