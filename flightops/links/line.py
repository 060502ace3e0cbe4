"""One link as the gateway has it: bytes in, messages of known drones out, frames to one drone sent."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from core.clock import Clock
from core.errors import Fault
from core.ids import DroneId
from core.io.settings import DroneSettings
from flightops.links.air.binding import Heard, LinkRoll, Seat
from flightops.links.air.endpoint import Endpoint, open_link
from flightops.links.air.frames import GCS_COMPONENT, GCS_SYSTEM, OWN_COMPONENT, Message, Parser, Writer, heartbeat
from flightops.links.air.signing import Signer, Wrong

AUTOPILOT_COMPONENT = 1
MAX_SOURCES = 64
"""Sources that get a parser of their own; the longest silent one makes room."""
NO_AUTOPILOT = 8
"""MAV_AUTOPILOT_INVALID: the heartbeat of a camera, a gimbal, a ground station."""

Warn = Callable[[DroneId | None, str], None]
OnMessage = Callable[["Line", Seat, Message], None]
Spend = Callable[[str, int], None]
"""Puts a link's signing time on disk before it counts; raises Fault."""
DISK_AGAIN_S = 1.0
OLD_TOLD = 200
"""Frames dated too early before it is told: a clock that is behind follows our first heartbeats."""
FIXES = {
    Wrong.UNSIGNED: "Give the aircraft the link's key, or say unsigned = true for its drones.",
    Wrong.MARK: "Give the aircraft the key of this link.",
    Wrong.FUTURE: "Set its clock, or ours.",
    Wrong.OLD: "Its clock does not follow our heartbeats: set it, or ours.",
    Wrong.REPLAYED: "Late or doubled by the radio, or somebody plays back what was heard.",
}


@dataclass(frozen=True, slots=True)
class Signing:
    """How a link is signed: its key, the times spent before, and where new ones are kept."""

    signer: Signer
    spend: Spend


class Line:
    """A link and its drones. `on_message` gets each message of a bound, unambiguous drone. `signing` None: what comes
    is believed unsigned, and what leaves isn't signed."""

    def __init__(
        self, url: str, drones: tuple[DroneSettings, ...], clock: Clock, warn: Warn, signing: Signing | None = None
    ) -> None:
        self.url = url
        self._signing = signing
        self.unbelieved: dict[str, int] = {}
        self._clock, self._warn = clock, warn
        self.endpoint: Endpoint = open_link(url, f"drones.{drones[0].id}.link")
        self.roll = LinkRoll(url, drones, warn)
        self._parsers: OrderedDict[Hashable, Parser] = OrderedDict()
        key = None if signing is None else signing.signer.key
        self._writers = {c: Writer(GCS_SYSTEM, c, key) for c in (GCS_COMPONENT, OWN_COMPONENT)}
        self._on_message: OnMessage | None = None
        self._bad_before = 0
        self._disk_again_at = 0.0
        self._slow: set[Hashable] = set()
        self.frames = 0

    async def run(self, on_message: OnMessage) -> None:
        """Receive until cancelled."""
        self._on_message = on_message
        await self.endpoint.run(self.received, lambda why: self._warn(None, f"link {self.url} is not open: {why}"))

    @property
    def bad_frames(self) -> int:
        """Junk and frames with a wrong checksum so far."""
        return self._bad_before + sum(p.bad for p in self._parsers.values())

    def received(self, data: bytes, source: Hashable) -> None:
        """Bytes from the air."""
        for message in self._parser(source).feed(data):
            self.frames += 1
            if not self._believed(message, source):
                continue
            seat = self._seat(message, source)
            if seat is not None and self._on_message is not None:
                self._on_message(self, seat, message)

    def _believed(self, message: Message, source: Hashable) -> bool:
        """Whether the frame is signed as this link asks; why not is counted, and told the first time."""
        if self._signing is None:
            return True
        wrong = self._signing.signer.wrong(bytes(message.get_msgbuf()), self._clock.now())
        if wrong is None:
            self._keep_time()
            return True
        if wrong is Wrong.OLD and len(self._slow) < MAX_SOURCES:
            self._slow.add(source)
        count = self.unbelieved[wrong.name.lower()] = self.unbelieved.get(wrong.name.lower(), 0) + 1
        if count == (OLD_TOLD if wrong is Wrong.OLD else 1):
            who = f"{message.get_type()} of system {message.get_srcSystem()}"
            self._warn(None, f"a frame on {self.url} is not believed ({who}): {wrong}. {FIXES[wrong]}")
        return False

    def _keep_time(self) -> None:
        """Put the signing time just used on disk. A disk that takes none is told, and does not stop the link: flying
        blind is worse than what somebody could play back after a restart."""
        now = self._clock.monotonic()
        if self._signing is None or now < self._disk_again_at or (time := self._signing.signer.to_keep()) is None:
            return
        try:
            self._signing.spend(self.url, time)
        except Fault as e:
            if not self._disk_again_at:
                told = "After a restart, what was heard since could be played back"
                self._warn(None, f"signing times of {self.url} are not kept: {e}. {told}: make room.")
            self._disk_again_at = now + DISK_AGAIN_S
        else:
            self._signing.signer.kept, self._disk_again_at = time, 0.0

    def _packed(self, message: Message, component: int) -> bytes:
        """The frame, signed where the link is."""
        if self._signing is None:
            return self._writers[component].pack(message)
        time = self._signing.signer.next_time(self._clock.now())
        self._keep_time()
        return self._writers[component].pack(message, time)

    def _parser(self, source: Hashable) -> Parser:
        if source in self._parsers:
            self._parsers.move_to_end(source)
        else:
            if len(self._parsers) >= MAX_SOURCES:
                self._bad_before += self._parsers.popitem(last=False)[1].bad
            self._parsers[source] = Parser()
        return self._parsers[source]

    def _seat(self, message: Message, source: Hashable) -> Seat | None:
        now = self._clock.monotonic()
        system = message.get_srcSystem()
        if message.get_srcComponent() != AUTOPILOT_COMPONENT:
            return next((s for s in self.roll.seats if s.bound and s.system_id == system and not s.clash(now)), None)
        return self.roll.hear(_heard(message, source, now))

    def send(self, seat: Seat, message: Message, component: int = GCS_COMPONENT) -> bytes | None:
        """Send to one drone as (255, component), when it would reach that drone and no other; the frame, or None."""
        if not seat.commandable(self._clock.monotonic()):
            return None
        frame = self._packed(message, component)
        return frame if self.endpoint.send(frame, seat.source) else None

    def beat(self) -> None:
        """Our heartbeat, once to each address with a drone behind it; on a line with one end always. Also to whoever
        has the key and a clock that is behind: aircraft set theirs by the newest signed frame they hear."""
        peers = {s.source for s in self.roll.seats if s.bound} | self._slow
        self._slow = set()
        if self.endpoint.fixed_peer is not None:
            peers = {self.endpoint.fixed_peer}
        for peer in peers:
            self.endpoint.send(self._packed(heartbeat(), GCS_COMPONENT), peer)


def _heard(message: Message, source: Hashable, now: float) -> Heard:
    """What the frame tells about its sender; places only from GLOBAL_POSITION_INT."""
    kind = message.get_type()
    uptime_ms = getattr(message, "time_boot_ms", 0)
    flying = kind == "HEARTBEAT" and message.autopilot != NO_AUTOPILOT
    known = kind == "GLOBAL_POSITION_INT" and (message.lat or message.lon)
    return Heard(
        source=source,
        system_id=message.get_srcSystem(),
        seq=message.get_seq(),
        now=now,
        uptime_s=uptime_ms / 1000 if uptime_ms else None,
        place=(message.lat / 1e7, message.lon / 1e7) if known else None,
        kind=message.type if flying else None,
        autopilot=message.autopilot if flying else None,
    )
