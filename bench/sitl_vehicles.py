"""CPU share of a process that flies 20 simulated vehicles for 20 s: `python -m bench.sitl_vehicles [vehicles] [s]`.

Half of each personality, all on a mission in wind with noisy GNSS, each sending to its own UDP port, with telemetry at
PX4's default rates (ArduPilot's are asked for). The share is of one core; the socket that listens is in this process
too, and not parsed.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys

import psutil

from core.drone import Autopilot
from core.geo import GeoPoint, LatLon, LocalFrame
from core.io.runtime import SystemClock
from core.terrain import GridTerrain
from core.units import MetresAmsl
from sitl.vehicle.autopilot.items import Item
from sitl.vehicle.autopilot.telemetry import set_interval
from sitl.vehicle.dialect import PX4
from sitl.vehicle.fleet import Fleet
from sitl.vehicle.guidance import modes
from sitl.vehicle.spec import SensorErrors, VehicleSpec, Wind

PORT = 21900


class Sink(asyncio.DatagramProtocol):
    """Counts what arrives."""

    datagrams = 0

    def datagram_received(self, data: bytes, addr: object) -> None:
        Sink.datagrams += 1


def fleet_of(count: int, truths: list[int]) -> Fleet:
    import numpy as np

    frame = LocalFrame(LatLon(28.9, 120.0))
    terrain = GridTerrain(frame, -3000.0, -3000.0, 30.0, np.full((201, 201), 100.0))
    kinds = list(Autopilot)
    specs = []
    for i in range(count):
        at = frame.to_latlon(50.0 * i, 0.0)
        home = GeoPoint(at.lat_deg, at.lon_deg, MetresAmsl(100.0))
        wind, errors = Wind(3.0, 1.0, 1.0), SensorErrors(gnss_sigma_m=1.0)
        specs.append(VehicleSpec(i + 1, kinds[i % 2], home, ("127.0.0.1", PORT), wind=wind, errors=errors, seed=i))

    def count_truth(_: object) -> None:
        truths[0] += 1

    return Fleet(specs, terrain, SystemClock(), count_truth)


def send_off(fleet: Fleet) -> None:
    """Put each in flight on a long mission, with full telemetry."""
    for radio in fleet._radios:
        brain = radio.craft.brain
        for message_id, hz in PX4.streams_hz.items():
            set_interval(brain, message_id, 1e6 / hz)
        places = [(0.0, 0.0, 22), *[((-1.0) ** k * 200.0, 30.0 * k, 16) for k in range(40)]]
        items = []
        for x, y, command in places:
            at = brain.frame.to_latlon(x, y)
            lat, lon = round(at.lat_deg * 1e7), round(at.lon_deg * 1e7)
            items.append(Item(3, command, 0.0, 0.0, 0.0, 0.0, lat, lon, 40.0))
        brain.plans[0] = (items[0], *items)
        assert modes.arm(brain, forced=True) == 0
        assert modes.change_mode(brain, brain.personality.mode_of[modes.Doing.MISSION]) == 0
        brain.fly.started = True


async def main(count: int, seconds: float) -> None:
    truths = [0]
    fleet = fleet_of(count, truths)
    send_off(fleet)
    sink, _ = await asyncio.get_running_loop().create_datagram_endpoint(Sink, local_addr=("127.0.0.1", PORT))
    task = asyncio.create_task(fleet.run())
    await asyncio.sleep(2.0)
    me = psutil.Process()
    before, heard, told = me.cpu_times(), Sink.datagrams, truths[0]
    await asyncio.sleep(seconds)
    after = me.cpu_times()
    share = (after.user + after.system - before.user - before.system) / seconds
    flying = sum(not r.craft.body.grounded for r in fleet._radios)
    print(f"vehicles {count}, in the air {flying}, {seconds:.0f} s")
    print(f"share of one core {share:.3f}")
    print(f"truths/s a vehicle {(truths[0] - told) / seconds / count:.1f}")
    print(f"messages/s a vehicle {(Sink.datagrams - heard) / seconds / count:.1f}")
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    sink.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20, float(sys.argv[2]) if len(sys.argv) > 2 else 20.0))
