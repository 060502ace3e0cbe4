"""One drone in the gateway: its state, its message rates, a running order, parameters being read."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from core.drone import LOST_S, DroneState
from core.errors import Malformed
from core.ids import DroneId
from core.units import UtcSeconds
from flightops.links import orders
from flightops.links.air import frames
from flightops.links.air.binding import Seat
from flightops.links.air.decode import fold
from flightops.links.air.frames import Message
from flightops.links.air.quality import Quality
from flightops.links.air.rates import Rates
from flightops.links.control import OrderAnswered, OrderAsked, ParamsAsked, ParamsRead
from flightops.links.dialects import BY_MAV_AUTOPILOT, Dialect

GIMBAL_COMPONENTS = frozenset({1, 154, 171, 172, 173, 174, 175})
"""The autopilot and MAV_COMP_ID_GIMBAL to GIMBAL6: whose telemetry is the drone's."""
REMEMBERED_ORDERS = 100
PARAM_RETRY_S = 0.4
PARAM_TRIES = 8
ALTERNATIVES_TRIES = 3
"""So often names are asked for when another name of their group was told already."""

Send = Callable[[Message], None]
Answer = Callable[[OrderAnswered | ParamsRead], None]


@dataclass(slots=True)
class _Reading:
    """Parameters being read for somebody."""

    asked: ParamsAsked
    answer: Answer
    values: dict[str, float] = field(default_factory=dict)
    tries: int = 0
    sent_at: float = -1e9

    def missing(self) -> list[str]:
        """Names still to be asked for."""
        late = self.tries >= ALTERNATIVES_TRIES
        open_groups = [g for g in self.asked.groups if not (late and any(n in self.values for n in g))]
        return [n for n in dict.fromkeys(n for g in open_groups for n in g) if n not in self.values]


class DroneLink:
    """Thin state around the pure rooms. `send` puts one of our own requests on the air; `warn` takes words."""

    def __init__(self, drone: DroneId, seat: Seat, send: Send, warn: Callable[[DroneId, str], None]) -> None:
        self.drone, self.seat = drone, seat
        self._send, self._warn = send, warn
        self.dialect: Dialect | None = None
        self.state: DroneState | None = None
        self.changed = False
        self.malformed = 0
        self._quality, self._rates = Quality(), Rates()
        self._heard_mono = 0.0
        self._lost = False
        self._order: orders.Running | None = None
        self._order_answers: list[Answer] = []
        self._answered: OrderedDict[str, OrderAnswered] = OrderedDict()
        self._readings: list[_Reading] = []

    @property
    def ordering(self) -> bool:
        """Whether a HOLD or RETURN is on its way."""
        return self._order is not None

    def heard(self, message: Message, now: UtcSeconds, mono: float) -> None:
        """A message of this drone."""
        dialect = self._known(message, now)
        if dialect is None or self.state is None:
            return
        component = message.get_srcComponent()
        self._quality.heard(component, message.get_seq(), mono)
        self._rates.heard(message.get_msgId(), mono)
        self._back(mono)
        if component not in GIMBAL_COMPONENTS:
            return
        try:
            if component == 1 or "GIMBAL" in message.get_type() or "MOUNT" in message.get_type():
                self.state = fold(self.state, message, now, dialect)
                self.changed = True
        except Malformed:
            self.malformed += 1
        self._answers(message, dialect, now, mono)

    def _known(self, message: Message, now: UtcSeconds) -> Dialect | None:
        """The dialect, settled by the first heartbeat."""
        if self.dialect is None and self.seat.autopilot is not None:
            self.dialect = BY_MAV_AUTOPILOT.get(self.seat.autopilot)
            if self.dialect is None:
                self._warn(self.drone, f"its autopilot (MAV_AUTOPILOT {self.seat.autopilot}) is none that we know")
                self.seat.autopilot = None
                return None
            self.state = DroneState(self.drone, message.get_srcSystem(), self.dialect.autopilot, now)
        return self.dialect

    def _back(self, mono: float) -> None:
        if self._lost:
            self._lost = False
            self._rates.restart()
            self._warn(self.drone, f"link restored after {mono - self._heard_mono:.0f} s")
        self._heard_mono = mono

    def _answers(self, message: Message, dialect: Dialect, now: UtcSeconds, mono: float) -> None:
        kind = message.get_type()
        if kind == "COMMAND_ACK" and self._order is not None:
            commands = {c.command for c in dialect.orders[self._order.order]}
            if message.command in commands and message.target_component in (0, frames.OWN_COMPONENT):
                self._order = orders.acknowledged(self._order, message.result, dialect)
        elif kind == "PARAM_VALUE":
            for reading in self._readings:
                if any(message.param_id in group for group in reading.asked.groups):
                    number = frames.param_number(message, bytewise=dialect.bytewise_params)
                    reading.values[message.param_id] = number
        elif kind == "HEARTBEAT" and self._order is not None:
            self._walk_order(now, mono)

    def tick(self, now: UtcSeconds, mono: float) -> None:
        """Ten times a second."""
        if self.state is None:
            return
        if not self._lost and mono - self._heard_mono > LOST_S:
            self._lost = True
            self._warn(self.drone, f"link lost: nothing heard for {LOST_S:.0f} s")
        if self._order is not None:
            self._walk_order(now, mono)
        if not self._lost:
            for command, params in self._rates.asks(mono):
                self._send(frames.command_long(self.state.system_id, command, params))
        self._walk_readings(mono)

    def snapshot(self, mono: float) -> DroneState | None:
        """The state to show, with the link's quality; None when nothing new was heard since the last call."""
        if self.state is None or not self.changed:
            return None
        self.changed = False
        self.state = replace(self.state, link=self._quality.now(mono))
        return self.state

    def order(self, asked: OrderAsked, answer: Answer, now: UtcSeconds, mono: float) -> None:
        """Start HOLD or RETURN at once; a repeat of an id gets the same answer, another order replaces the running."""
        if (known := self._answered.get(asked.id)) is not None:
            answer(known)
        elif self.state is None or not self.seat.bound:
            answer(OrderAnswered(asked.id, asked.drone, False, "it was never heard"))
        elif self._order is not None and self._order.id == asked.id:
            self._order_answers.append(answer)
        else:
            if self._order is not None:
                self._finish(False, f"replaced by {asked.order.value}")
            self._order = orders.Running(asked.id, asked.order, now)
            self._order_answers = [answer]
            self._walk_order(now, mono)

    def _walk_order(self, now: UtcSeconds, mono: float) -> None:
        if self._order is None or self.state is None or self.dialect is None:
            return
        self._order, what = orders.step(self._order, self.state, self.dialect, now, mono)
        match what:
            case orders.Send(command, confirmation):
                number = command.command
                self._send(frames.command_long(self.state.system_id, number, command.params, confirmation))
            case orders.Answer(done, detail):
                clash = self.seat.clash(mono)
                self._finish(done, "two vehicles with one system id: not commanded" if clash and not done else detail)
            case None:
                pass

    def _finish(self, done: bool, detail: str) -> None:
        run, self._order = self._order, None
        if run is None:
            return
        said = OrderAnswered(run.id, self.drone, done, detail)
        self._answered[run.id] = said
        while len(self._answered) > REMEMBERED_ORDERS:
            self._answered.popitem(last=False)
        for answer in self._order_answers:
            answer(said)

    def read_params(self, asked: ParamsAsked, answer: Answer) -> None:
        """Read parameters by name, each asked for again until told, a bounded number of times."""
        self._readings.append(_Reading(asked, answer))

    def _walk_readings(self, mono: float) -> None:
        for reading in list(self._readings):
            missing = reading.missing()
            if not missing or reading.tries > PARAM_TRIES:
                self._readings.remove(reading)
                reading.answer(ParamsRead(reading.asked.id, reading.values))
            elif mono - reading.sent_at >= PARAM_RETRY_S and self.state is not None:
                reading.tries += 1
                reading.sent_at = mono
                for name in missing:
                    self._send(frames.param_request(self.state.system_id, name))
