"""The mission side: MAVSDK's mission and command protocols, through the gateway, for flightops.ports.Vehicle.

Exactly one Mavsdk instance a process (19 live ones corrupt its heap, FACTS.md). Its calls block, so they run in a
pool of threads of our own; each is bounded in time and fails as a Fault in words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import msgspec
import structlog
from mavsdk.exceptions import MavsdkError
from mavsdk.logging import LogLevel, log_subscribe
from mavsdk.mavsdk import Configuration, Mavsdk
from mavsdk.plugins.mavlink_direct import MavlinkDirect, MavlinkMessage
from mavsdk.plugins.mission_raw import MissionItem as RawItem
from mavsdk.plugins.mission_raw import MissionRaw, MissionRawError, MissionRawResult

from core.clock import Clock
from core.drone import DroneState, FlightMode
from core.errors import Fault, Refused
from core.ids import DroneId
from core.units import UtcSeconds
from flightops.links.air.frames import MAVSDK_COMPONENT, MAVSDK_SYSTEM
from flightops.links.dialects import ARM, DIALECTS, Command
from flightops.links.dialects.failsafe import groups, judge
from flightops.links.dialects.mission import difference, on_board
from flightops.links.orders import RESULT_WORDS
from flightops.missions.mission import Mission, MissionItem

log = structlog.get_logger()
T = TypeVar("T")

UPLOAD_TRIES = 3
ARM_FOR_S = 25.0
"""Arming is tried again for so long: pre-arm checks come right seconds after boot."""
ARM_AGAIN_S = 2.0
COMMAND_S = 10.0
SHOWN_S = 15.0
"""From a start command until telemetry shows the mission."""
TAKE_OFF_S = 30.0
POLL_S = 0.1


class MissionSide:
    """The process's one Mavsdk instance and the systems it has found, by system id."""

    def __init__(self, drones: int) -> None:
        self._pool = ThreadPoolExecutor(max_workers=max(4, 2 * drones), thread_name_prefix="mavsdk")
        self._mavsdk: Any = None
        self._systems: dict[int, Any] = {}

    async def open(self, port: int) -> None:
        """Listen for the gateway on loopback. Raises Fault."""
        log_subscribe(_quiet)
        self._mavsdk = Mavsdk(Configuration.create_manual(MAVSDK_SYSTEM, MAVSDK_COMPONENT, False))
        try:
            await self.call(self._mavsdk.add_any_connection_with_handle, f"udpin://127.0.0.1:{port}")
        except MavsdkError as e:
            raise Fault(f"gateway.mavsdk_port {port} can't be opened: {e}. Is another coordinator running?") from e

    async def call(self, function: Callable[..., T], *args: object) -> T:
        """Run a blocking call in the pool."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *args)

    async def find(self) -> None:
        """Look for systems not known yet."""
        if self._mavsdk is not None and self._mavsdk.system_count() > len(self._systems):
            for system in await self.call(self._mavsdk.get_systems):
                self._systems.setdefault(system.get_system_id(), system)

    def system(self, system_id: int) -> Any | None:
        """The MAVSDK system with this id; None before it was found."""
        return self._systems.get(system_id)

    async def close(self) -> None:
        """End the threads, then the instance (its objects must not outlive it)."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self._pool.shutdown)
        if self._mavsdk is not None:
            self._mavsdk.destroy()


def _quiet(level: LogLevel, message: str, _file: str | None, _line: int) -> bool:
    if level >= LogLevel.WARN:
        log.debug("mavsdk", says=message)
    return True


ReadParams = Callable[[tuple[tuple[str, ...], ...]], Awaitable[Mapping[str, float]]]


class MavsdkVehicle:
    """One drone. `state` gives it as last heard; `read_params` asks the gateway; `system_id` is its id at MAVSDK."""

    def __init__(
        self,
        side: MissionSide,
        system_id: int,
        state: Callable[[], DroneState],
        read_params: ReadParams,
        clock: Clock,
    ) -> None:
        self._side, self._system_id, self._state = side, system_id, state
        self._read_params, self._clock = read_params, clock
        self._dialect = DIALECTS[state().autopilot]
        system = side.system(system_id)
        self._mission, self._direct = MissionRaw(system), MavlinkDirect(system)
        self._stopped = ""

    @property
    def drone(self) -> DroneId:
        """Whose vehicle it is."""
        return self._state().drone

    def stop_waiting(self, why: str) -> None:
        """End a running `fly` or `resume` with a Fault: an order has overtaken it."""
        self._stopped = why

    async def upload(self, mission: Mission) -> str:
        """See ports.Vehicle."""
        home = self._state().home
        sent = on_board(self._dialect, mission.items, home.value if home else None)
        failure = ""
        for _ in range(UPLOAD_TRIES):
            try:
                await self._bounded("mission upload", 30.0 + len(sent), self._mission.upload_mission, _raw(sent))
                failure = ""
                break
            except Fault as e:
                failure = str(e)
        try:
            read = await self._read_back(len(sent))
        except Fault as e:
            raise Fault(f"{failure or e}; what is on board is unknown, so it must not fly") from e
        differs = difference(self._dialect, sent, read)
        if differs is None:
            return mission.digest
        if failure:
            held = f"it holds a mission of {len(read)} items from before" if read else "it holds no mission"
            raise Fault(f"{failure}; {held}")
        await self._bounded("clearing the mission", COMMAND_S, self._mission.clear_mission)
        raise Fault(f"{self.drone}: the mission on board is not the one sent ({differs}); it was cleared")

    async def _read_back(self, expected: int) -> tuple[MissionItem, ...]:
        """Raises Fault when it can't be read in three tries."""
        failure: Fault | None = None
        for _ in range(UPLOAD_TRIES):
            try:
                raw = await self._bounded("reading the mission back", 30.0 + expected, self._mission.download_mission)
                return tuple(_item(i) for i in raw)
            except Fault as e:
                failure = e
        raise failure or Fault(f"{self.drone}: the mission can't be read back")

    async def preflight(self) -> Refused | None:
        """Whether it would come home by itself: its link-loss, battery and return settings, read now."""
        return judge(self._dialect, await self._read_params(groups(self._dialect)))

    async def fly(self) -> None:
        """See ports.Vehicle."""
        self._stopped = ""
        refused = await self.preflight()
        if refused is not None:
            raise Fault(f"{self.drone} is not set up safely. {refused}")
        if not _is(self._state().armed):
            for command in self._dialect.before_arming:
                await self._accepted(command)
            await self._arm()
        since = self._clock.now()
        for command in self._dialect.start:
            await self._accepted(command)
        await self._until(lambda s: _shows_mission(s, since), SHOWN_S, "show that it flies the mission")
        await self._until(lambda s: _is(s.in_air), TAKE_OFF_S, "take off")

    async def resume(self) -> None:
        """See ports.Vehicle."""
        self._stopped = ""
        since = self._clock.now()
        await self._accepted(self._dialect.resume)
        await self._until(lambda s: _shows_mission(s, since), SHOWN_S, "show that it goes on with the mission")

    async def begin(self) -> None:
        """See ports.Vehicle."""
        self._stopped = ""
        since = self._clock.now()
        for command in self._dialect.from_first:
            await self._accepted(command)
        await self._until(lambda s: _at_first(s, since), SHOWN_S, "show that its mission begins at the first item")
        since = self._clock.now()
        await self._accepted(self._dialect.resume)
        await self._until(lambda s: _shows_mission(s, since), SHOWN_S, "show that it flies the mission")

    async def holds(self, mission: Mission) -> bool:
        """See ports.Vehicle."""
        sent = on_board(self._dialect, mission.items, None)
        return difference(self._dialect, sent, await self._read_back(len(sent))) is None

    async def _arm(self) -> None:
        began, wall = self._clock.monotonic(), self._clock.now()
        while True:
            result = await self._command(ARM)
            if result == 0:
                await self._until(lambda s: _is(s.armed), 5.0, "show that it is armed")
                return
            if self._clock.monotonic() - began > ARM_FOR_S:
                raise Fault(f"{self.drone} would not arm within {ARM_FOR_S:.0f} s: {self._why(result, wall)}")
            await asyncio.sleep(ARM_AGAIN_S)

    async def _accepted(self, command: Command) -> None:
        """Send until accepted, a few times; raises Fault with what the drone said."""
        wall = self._clock.now()
        result = 0
        for _ in range(UPLOAD_TRIES):
            result = await self._command(command)
            if result == 0:
                return
            await asyncio.sleep(1.0)
        raise Fault(f"{self.drone} would not {command.words}: {self._why(result, wall)}")

    def _why(self, result: int, since: UtcSeconds) -> str:
        """What it said (STATUSTEXT) since, else its answer in words."""
        says = self._state().says
        return says.value if says is not None and says.at >= since else RESULT_WORDS.get(result, f"answer {result}")

    async def _command(self, command: Command) -> int:
        """MAV_RESULT. MAVSDK's own three tries are few on a bad link, so they are repeated for a while (what we command
        may come twice). Raises Fault when there is no answer, or when an order has overtaken us."""
        self._check_stopped()
        fields: dict[str, float] = {"target_system": self._system_id, "target_component": 1, "command": command.command}
        fields |= {"confirmation": 0} | {f"param{k}": v for k, v in enumerate(command.params, start=1)}
        text = msgspec.json.encode(fields).decode()
        message = MavlinkMessage("COMMAND_LONG", MAVSDK_SYSTEM, MAVSDK_COMPONENT, self._system_id, 1, text)
        until = self._clock.monotonic() + COMMAND_S
        while True:
            try:
                ack = await self._bounded(command.words, COMMAND_S, self._direct.send_command, message)
                break
            except Fault:
                if self._clock.monotonic() >= until:
                    raise
            finally:
                self._check_stopped()
        return int(msgspec.json.decode(ack.fields_json)["result"])

    async def _bounded(self, what: str, bound_s: float, function: Callable[..., Any], *args: object) -> Any:
        try:
            async with asyncio.timeout(bound_s):
                return await self._side.call(function, *args)
        except TimeoutError as e:
            raise Fault(f"{self.drone}: {what} took longer than {bound_s:.0f} s") from e
        except MissionRawError as e:
            if function == self._mission.download_mission and e.result == MissionRawResult.NO_MISSION_AVAILABLE:
                return []
            raise Fault(f"{self.drone}: {what} failed: {e.result.name.lower().replace('_', ' ')}") from e
        except MavsdkError as e:
            raise Fault(f"{self.drone}: {what} failed: {e}") from e

    async def _until(self, shown: Callable[[DroneState], bool], bound_s: float, what: str) -> None:
        began, wall = self._clock.monotonic(), self._clock.now()
        while not shown(self._state()):
            self._check_stopped()
            if self._clock.monotonic() - began > bound_s:
                says = self._state().says
                text = f'; it said "{says.value}"' if says is not None and says.at >= wall else ""
                raise Fault(f"{self.drone} did not {what} within {bound_s:.0f} s{text}")
            await asyncio.sleep(POLL_S)

    def _check_stopped(self) -> None:
        if self._stopped:
            raise Fault(f"{self.drone}: {self._stopped}")


def _is(field: Any) -> bool:
    return field is not None and bool(field.value)


def _at_first(state: DroneState, since: UtcSeconds) -> bool:
    mission = state.mission
    return mission is not None and mission.at >= since and mission.value.current == 0


def _shows_mission(state: DroneState, since: UtcSeconds) -> bool:
    mode = state.mode
    taking_off = mode is not None and mode.value in (FlightMode.MISSION, FlightMode.TAKE_OFF)
    return mode is not None and taking_off and mode.at >= since


def _raw(items: tuple[MissionItem, ...]) -> list[RawItem]:
    return [
        RawItem(seq, i.frame, i.command, int(seq == 0), 1, *i.params, i.x, i.y, i.z, 0) for seq, i in enumerate(items)
    ]


def _item(raw: Any) -> MissionItem:
    params = (raw.param1, raw.param2, raw.param3, raw.param4)
    return MissionItem(raw.command, raw.frame, params, raw.x, raw.y, raw.z)
