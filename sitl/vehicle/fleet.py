"""Many vehicles in one process, in real time: the async edge with its UDP sockets."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
from pymavlink.dialects.v20 import ardupilotmega as mav

from core.clock import Clock
from core.errors import Malformed
from core.io.runtime import seeded_rng
from core.terrain import Terrain
from core.units import Seconds, within
from sitl.vehicle import craft as crafts
from sitl.vehicle.autopilot import receive
from sitl.vehicle.craft import Craft
from sitl.vehicle.sensors import Wander
from sitl.vehicle.spec import Truth, VehicleSpec

TICK_S = 0.04
CATCH_UP_S = 1.0
"""After a stall longer than this, the time beyond it does not pass in the simulation."""
OnTruth = Callable[[Truth], None]


class Radio(asyncio.DatagramProtocol):
    """One vehicle's socket: bytes to its autopilot, its messages to whoever was heard last. Junk is dropped.

    Each datagram has its own parser, so that a cut frame cannot swallow the next datagram.
    """

    def __init__(self, craft: Craft) -> None:
        self.craft = craft
        self.remote: tuple[Any, ...] = craft.spec.remote
        self.lost = False
        self._transport: asyncio.DatagramTransport | None = None
        self._codec = _codec(craft.spec.system_id)
        self._codec.signing.secret_key = craft.spec.signing_key
        self._codec.signing.sign_outgoing = craft.spec.signing_key is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        if self.lost:
            return
        for message in self._parser().parse_buffer(data) or ():
            if message.get_msgId() < 0:
                continue
            self.remote = addr
            receive.receive(self.craft.brain, message)
        self.flush()

    def _parser(self) -> Any:
        """A parser for one datagram, which knows the signing times heard before."""
        parser = _codec(0)
        parser.signing = self._codec.signing
        return parser

    def error_received(self, exc: Exception) -> None:
        """Nobody listens yet: as with radio, sending goes on."""

    def flush(self) -> None:
        """Send what is queued."""
        out = self.craft.brain.out
        while out:
            data = out.popleft().pack(self._codec)
            self._codec.seq = (self._codec.seq + 1) % 256
            if not self.lost and self._transport is not None and not self._transport.is_closing():
                self._transport.sendto(data, self.remote)


def _codec(system_id: int) -> Any:
    codec = mav.MAVLink(None, system_id, receive.COMPONENT)
    codec.robust_parsing = True
    return codec


class Fleet:
    """Simulated vehicles. `run` flies them until cancelled; the other methods are faults a scenario may cause."""

    def __init__(self, specs: Sequence[VehicleSpec], terrain: Terrain, clock: Clock, on_truth: OnTruth) -> None:
        self._terrain, self._clock, self._on_truth = terrain, clock, on_truth
        self._radios = [Radio(self._built(spec)) for spec in specs]

    def _built(self, spec: VehicleSpec) -> Craft:
        ground = self._terrain.height_amsl_m(spec.home.ground)
        if ground is None:
            raise Malformed("home", "the terrain knows no ground there", "place the vehicle inside the terrain")
        rng = seeded_rng(spec.seed * 1000 + spec.system_id)
        return crafts.built(spec, float(ground), self._clock.monotonic(), self._clock.now(), rng)

    async def run(self) -> None:
        """Open the sockets and fly in real time until cancelled."""
        loop = asyncio.get_running_loop()
        transports = []
        try:
            for radio in self._radios:
                transport, _ = await loop.create_datagram_endpoint(lambda r=radio: r, local_addr=("0.0.0.0", 0))  # type: ignore[misc]
                transports.append(transport)
            await self._fly()
        finally:
            for transport in transports:
                transport.close()

    async def _fly(self) -> None:
        last = self._clock.monotonic()
        while True:
            now = self._clock.monotonic()
            last = Seconds(max(last, now - CATCH_UP_S))
            while now - last >= TICK_S:
                last = Seconds(last + TICK_S)
                self.tick(last)
            await asyncio.sleep(max(last + TICK_S - self._clock.monotonic(), 0.0))

    def tick(self, now: Seconds) -> None:
        """One step of all vehicles to `now`."""
        self._survey()
        for radio in self._radios:
            crafts.advance(radio.craft, now, TICK_S)
            self._on_truth(crafts.truth(radio.craft))
            radio.flush()

    def _survey(self) -> None:
        """The ground below each vehicle, asked for all at once; unknown ground keeps its last height."""
        if not self._radios:
            return
        lonlat = np.array([(r.craft.place.lon_deg, r.craft.place.lat_deg) for r in self._radios])
        for radio, height in zip(self._radios, self._terrain.heights_amsl_m(lonlat).tolist(), strict=True):
            if math.isfinite(height):
                radio.craft.ground_m = height

    def _of(self, system_id: int) -> Iterator[Radio]:
        found = [r for r in self._radios if r.craft.spec.system_id == system_id]
        if not found:
            raise Malformed("system_id", f"no vehicle {system_id}", "name one of the fleet")
        return iter(found)

    def lose_link(self, system_id: int, lost: bool = True) -> None:
        """Cut a vehicle's radio both ways, or bring it back."""
        for radio in self._of(system_id):
            radio.lost = lost

    def set_battery(self, system_id: int, left: float) -> None:
        """Set the state of charge, 0 to 1."""
        within("left", left, 0.0, 1.0)
        for radio in self._of(system_id):
            craft = radio.craft
            craft.charge = replace(craft.charge, left_wh=left * craft.spec.pack.capacity_wh)

    def jump_gnss(self, system_id: int, east_m: float, north_m: float, up_m: float = 0.0) -> None:
        """Shift what GNSS tells from now on; the autopilot believes it and flies off by as much."""
        for radio in self._of(system_id):
            radio.craft.jump = Wander(east_m, north_m, up_m)

    def kill(self, system_id: int) -> None:
        """The motors stop: it falls."""
        for radio in self._of(system_id):
            radio.craft.body = replace(radio.craft.body, broken=True)


async def run_fleet(specs: Sequence[VehicleSpec], terrain: Terrain, clock: Clock, on_truth: OnTruth) -> None:
    """Fly vehicles in real time until cancelled; `on_truth` is called at 25 Hz a vehicle, on the loop's thread."""
    await Fleet(specs, terrain, clock, on_truth).run()
