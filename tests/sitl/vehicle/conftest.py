"""A simulated vehicle on the bench: messages go in and out without sockets, time runs as fast as it can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pymavlink.dialects.v20 import ardupilotmega as mav

from core.drone import Autopilot
from core.geo import GeoPoint
from core.io.runtime import seeded_rng
from core.units import MetresAmsl, Seconds, UtcSeconds
from sitl.vehicle import craft as crafts
from sitl.vehicle.autopilot.receive import receive
from sitl.vehicle.dialect.personality import Doing
from sitl.vehicle.spec import VehicleSpec

DT = 0.1
GCS = (255, 190)
HOME = GeoPoint(28.9, 120.0, MetresAmsl(100.0))


class Bench:
    """One vehicle and its ground station."""

    DT = DT

    def __init__(self, personality: Autopilot, ground_m: float = 100.0, **spec: Any) -> None:
        full = VehicleSpec(7, personality, HOME, ("127.0.0.1", 21999), **spec)
        self.craft = crafts.built(full, ground_m, Seconds(0.0), UtcSeconds(1.7e9), seeded_rng(full.seed))
        self.brain = self.craft.brain
        self.now = 0.0
        self.beating = True
        self.heard: list[Any] = []
        self.bodies: list[Any] = []

    def send(self, message: Any, peer: tuple[int, int] = GCS) -> list[Any]:
        """Deliver a message as if from the wire; the replies."""
        there = mav.MAVLink(None, *peer)
        for m in mav.MAVLink(None).parse_buffer(message.pack(there)):
            receive(self.brain, m)
        return self.replies()

    def replies(self) -> list[Any]:
        """What the vehicle sent since last asked."""
        out = list(self.brain.out)
        self.brain.out.clear()
        self.heard += out
        return out

    def command(self, number: int, *p: float) -> int:
        """COMMAND_LONG; the MAV_RESULT of its ACK."""
        args = [*p, *[0.0] * (7 - len(p))]
        replies = self.send(mav.MAVLink_command_long_message(7, 1, number, 0, *args))
        return next(m.result for m in replies if m.get_type() == "COMMAND_ACK")

    def run(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Let time pass, with a heartbeat a second from the ground station; whether `until` came true."""
        for _ in range(round(seconds / DT)):
            if self.beating and round(self.now / DT) % round(1 / DT) == 0:
                self.send(mav.MAVLink_heartbeat_message(mav.MAV_TYPE_GCS, 8, 0, 0, 4, 3))
            self.now += DT
            crafts.advance(self.craft, Seconds(self.now), DT)
            self.bodies.append(self.craft.body)
            self.replies()
            if until():
                return True
        return False

    def types(self) -> set[str]:
        """Kinds of messages heard so far."""
        return {m.get_type() for m in self.heard}

    def said(self) -> str:
        """All STATUSTEXT so far."""
        return "\n".join(m.text for m in self.heard if m.get_type() == "STATUSTEXT")

    def item(self, seq: int, command: int, xy: tuple[float, float] | None = None, z: float = 0.0, **f: Any) -> Any:
        """A MISSION_ITEM_INT at metres east, north of home; frame 3 or 2 unless told."""
        x = y = 0
        if xy is not None:
            at = self.brain.frame.to_latlon(*xy)
            x, y = round(at.lat_deg * 1e7), round(at.lon_deg * 1e7)
        p = f.get("p", (0.0, 0.0, 0.0, 0.0))
        frame = f.get("frame", 3 if xy is not None else 2)
        return mav.MAVLink_mission_item_int_message(7, 1, seq, frame, command, 0, 1, *p, x, y, z, f.get("kind", 0))

    def upload(self, items: list[Any], kind: int = 0) -> int:
        """Upload a plan as asked for; the MAV_MISSION_RESULT."""
        out = self.send(mav.MAVLink_mission_count_message(7, 1, len(items), kind))
        for _ in range(len(items) + 1):
            acks = [m.type for m in out if m.get_type() == "MISSION_ACK"]
            if acks:
                return int(acks[-1])
            wanted = [m.seq for m in out if m.get_type() == "MISSION_REQUEST_INT"][-1]
            out = self.send(items[wanted])
        raise AssertionError("the upload never ended")

    def download(self, kind: int = 0) -> list[Any]:
        """The plan on board."""
        count = self.send(mav.MAVLink_mission_request_list_message(7, 1, kind))[-1].count
        return [self.send(mav.MAVLink_mission_request_int_message(7, 1, i, kind))[-1] for i in range(count)]

    def square(self, height_m: float = 20.0) -> list[Any]:
        """A mission: take-off, three corners, return; with item 0 as home where the dialect has it."""
        steps: list[tuple[int, tuple[float, float] | None]] = [
            (mav.MAV_CMD_NAV_TAKEOFF, (0.0, 0.0)),
            (mav.MAV_CMD_NAV_WAYPOINT, (60.0, 0.0)),
            (mav.MAV_CMD_NAV_WAYPOINT, (60.0, 60.0)),
            (mav.MAV_CMD_NAV_WAYPOINT, (0.0, 60.0)),
            (mav.MAV_CMD_NAV_RETURN_TO_LAUNCH, None),
        ]
        if self.brain.personality.home_is_item_0:
            steps.insert(0, (mav.MAV_CMD_NAV_WAYPOINT, (0.0, 0.0)))
        return [self.item(i, c, xy, height_m if xy else 0.0) for i, (c, xy) in enumerate(steps)]

    def set_mode(self, doing: Doing) -> int:
        """DO_SET_MODE in the dialect's own packing."""
        mode = self.brain.personality.mode_of[doing]
        if self.brain.personality.mode_in_two:
            return self.command(mav.MAV_CMD_DO_SET_MODE, 1, mode >> 16 & 0xFF, mode >> 24)
        return self.command(mav.MAV_CMD_DO_SET_MODE, 1, mode)

    def airborne(self, height_m: float = 20.0) -> None:
        """Wait for the checks, arm, take off and reach the height."""
        self.run(8.0)
        if self.brain.personality.home_is_item_0:
            assert self.set_mode(Doing.GUIDED) == 0
        assert self.command(mav.MAV_CMD_COMPONENT_ARM_DISARM, 1) == 0
        z = height_m if self.brain.personality.home_is_item_0 else self.brain.home.alt_m + height_m
        nan = float("nan")
        assert self.command(mav.MAV_CMD_NAV_TAKEOFF, 0, 0, 0, nan, nan, nan, z) == 0
        assert self.run(40.0, lambda: self.brain.doing is not Doing.TAKE_OFF)

    def start_mission(self) -> None:
        """Arm and fly the mission on board from the ground, with the commands the dialect wants."""
        self.run(8.0)
        if self.brain.personality.home_is_item_0:
            assert self.set_mode(Doing.GUIDED) == 0
        assert self.command(mav.MAV_CMD_COMPONENT_ARM_DISARM, 1) == 0
        assert self.command(mav.MAV_CMD_MISSION_START) == 0


@pytest.fixture
def bench() -> type[Bench]:
    return Bench


@pytest.fixture(params=list(Autopilot), ids=str)
def vehicle(request: pytest.FixtureRequest) -> Bench:
    return Bench(request.param)
