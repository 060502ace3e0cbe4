"""The fleet on real sockets: telemetry out, orders in, truth at 25 Hz, faults."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pymavlink.dialects.v20 import ardupilotmega as mav

from core.drone import Autopilot
from core.errors import Malformed
from core.geo import GeoPoint, LatLon, LocalFrame
from core.io.runtime import SystemClock
from core.terrain import FlatTerrain, GridTerrain
from core.units import MetresAmsl, Seconds, UtcSeconds
from sitl.vehicle.fleet import Fleet
from sitl.vehicle.spec import SensorErrors, Truth, VehicleSpec

HOME = GeoPoint(28.9, 120.0, MetresAmsl(0.0))


class Clock:
    """A clock that is set by hand."""

    t = 0.0

    def now(self) -> UtcSeconds:
        return UtcSeconds(1.7e9 + self.t)

    def monotonic(self) -> Seconds:
        return Seconds(self.t)


class Ground(asyncio.DatagramProtocol):
    """A ground station's socket."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.codec = mav.MAVLink(None, 255, 190)
        self.codec.robust_parsing = True
        self.transport: Any = None
        self.them: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.them = addr
        self.heard += self.codec.parse_buffer(data) or []

    def send(self, message: Any) -> None:
        self.transport.sendto(message.pack(self.codec), self.them)

    async def hears(self, kind: str, since: int = 0) -> Any:
        async with asyncio.timeout(10):
            while True:
                for m in self.heard[since:]:
                    if m.get_type() == kind:
                        return m
                await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def ground(port: int) -> AsyncIterator[Ground]:
    loop = asyncio.get_running_loop()
    transport, station = await loop.create_datagram_endpoint(Ground, local_addr=("127.0.0.1", port))
    try:
        yield station
    finally:
        transport.close()


@contextlib.asynccontextmanager
async def flying(fleet: Fleet) -> AsyncIterator[None]:
    task = asyncio.get_running_loop().create_task(fleet.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def spec(port: int, system_id: int = 7, who: Autopilot = Autopilot.PX4, **more: Any) -> VehicleSpec:
    return VehicleSpec(system_id, who, HOME, ("127.0.0.1", port), **more)


async def test_it_sends_to_its_remote_and_answers_whoever_spoke_last() -> None:
    truths: list[Truth] = []
    fleet = Fleet([spec(21101)], FlatTerrain(MetresAmsl(100.0)), SystemClock(), truths.append)
    async with ground(21101) as first, ground(21102) as second, flying(fleet):
        await first.hears("HEARTBEAT")
        second.them = first.them
        second.send(mav.MAVLink_command_long_message(7, 1, 512, 0, 148, 0, 0, 0, 0, 0, 0))
        version = await second.hears("AUTOPILOT_VERSION")
        assert bytes(version.flight_custom_version)[:7] == b"airgrnd"
        second.transport.sendto(b"\xfd\x09 no mavlink at all \xfe\xff" * 20, first.them)
        mark = len(second.heard)
        position = await second.hears("GLOBAL_POSITION_INT", mark)
        assert position.alt == pytest.approx(100_000, abs=2)
    assert truths[-1].place.alt_amsl_m == pytest.approx(100.0)
    gaps = [b.at - a.at for a, b in itertools.pairwise(truths)]
    assert min(gaps) == pytest.approx(0.04, abs=1e-6)


async def test_a_lost_link_is_silent_both_ways() -> None:
    fleet = Fleet([spec(21103)], FlatTerrain(MetresAmsl(100.0)), SystemClock(), lambda t: None)
    async with ground(21103) as station, flying(fleet):
        await station.hears("HEARTBEAT")
        fleet.lose_link(7)
        await asyncio.sleep(0.1)
        mark = len(station.heard)
        station.send(mav.MAVLink_command_long_message(7, 1, 400, 0, 1, 0, 0, 0, 0, 0, 0))
        await asyncio.sleep(1.2)
        assert len(station.heard) == mark
        fleet.lose_link(7, False)
        heartbeat = await station.hears("HEARTBEAT", mark)
        assert not heartbeat.base_mode & 128


def quiet(*specs: VehicleSpec, terrain: Any = None) -> tuple[Fleet, list[Truth], Clock]:
    truths: list[Truth] = []
    clock = Clock()
    return Fleet(specs, terrain or FlatTerrain(MetresAmsl(100.0)), clock, truths.append), truths, clock


def tick(fleet: Fleet, clock: Clock, seconds: float) -> None:
    for _ in range(round(seconds / 0.04)):
        clock.t += 0.04
        fleet.tick(Seconds(clock.t))


def test_truth_and_telemetry_differ_by_the_sensor_errors() -> None:
    errors = SensorErrors(gnss_east_m=3.0, gnss_up_m=2.0, compass_deg=5.0, gimbal_tilt_deg=1.5)
    fleet, truths, clock = quiet(spec(21104, heading_deg=90.0, errors=errors))
    tick(fleet, clock, 1.0)
    seen = fleet._radios[0].craft.brain.seen
    t = truths[-1]
    assert t.at == pytest.approx(1.7e9 + 1.0)
    assert (seen.spot.x_m, seen.spot.alt_m) == pytest.approx((3.0, 102.0))
    assert t.place.alt_amsl_m == pytest.approx(100.0)
    assert seen.heading_deg == pytest.approx(95.0)
    assert t.body.heading_deg == t.gimbal.heading_deg == pytest.approx(90.0)
    assert t.gimbal.pitch_deg == pytest.approx(-1.5)
    assert seen.gimbal_pitch_deg == 0.0


def test_noise_repeats_from_the_seed_and_has_its_strength() -> None:
    def wander(seed: int) -> list[float]:
        fleet, _, clock = quiet(spec(21105, seed=seed, errors=SensorErrors(gnss_sigma_m=2.0)))
        out = []
        for _ in range(30):
            tick(fleet, clock, 2.0)
            out.append(fleet._radios[0].craft.brain.seen.spot.x_m)
        return out

    values = wander(1)
    assert values == wander(1) != wander(2)
    assert 0.5 < math.sqrt(sum(v * v for v in values) / len(values)) < 4.0


def test_it_stands_on_the_slope_it_was_put_on() -> None:
    import numpy as np

    frame = LocalFrame(LatLon(28.9, 120.0))
    slope = np.add.outer(np.zeros(41), np.linspace(0.0, 200.0, 41))
    terrain = GridTerrain(frame, -1000.0, -1000.0, 50.0, slope)
    fleet, truths, clock = quiet(spec(21106), terrain=terrain)
    tick(fleet, clock, 0.2)
    assert truths[-1].place.alt_amsl_m == pytest.approx(100.0, abs=0.5)
    far = VehicleSpec(3, Autopilot.PX4, GeoPoint(29.9, 120.0, MetresAmsl(0)), ("127.0.0.1", 21107))
    with pytest.raises(Malformed, match="no ground"):
        quiet(far, terrain=terrain)


def test_faults_reach_the_one_named() -> None:
    fleet, _, clock = quiet(spec(21108, 1), spec(21109, 2))
    fleet.set_battery(2, 0.1)
    fleet.jump_gnss(2, 30.0, 0.0)
    fleet.kill(1)
    tick(fleet, clock, 0.2)
    one, two = (r.craft for r in fleet._radios)
    assert (one.brain.seen.left, two.brain.seen.left) == pytest.approx((1.0, 0.1), abs=0.01)
    assert two.brain.seen.spot.x_m == pytest.approx(30.0)
    assert two.body.x_m == 0.0
    assert one.body.broken
    with pytest.raises(Malformed, match="no vehicle 9"):
        fleet.kill(9)
    with pytest.raises(Malformed, match="left"):
        fleet.set_battery(1, math.nan)


@pytest.mark.parametrize("bad", [{"system_id": 0}, {"remote": ("127.0.0.1", 0)}, {"params": {"NAV_DLL_ACT": math.nan}}])
def test_a_spec_that_makes_no_sense_is_refused(bad: dict[str, Any]) -> None:
    fields: dict[str, Any] = {"system_id": 1, "personality": Autopilot.PX4, "home": HOME, "remote": ("127.0.0.1", 5)}
    with pytest.raises(Malformed):
        VehicleSpec(**{**fields, **bad})
