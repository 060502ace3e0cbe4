"""The control channel between coordinator and gateway: TCP on loopback, 4-byte big-endian length, msgpack.

The gateway writes where it listens and a fresh secret into `gateway.json` (mode 600) in the data folder;
the first message of a connection must be Hello with that secret.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from pathlib import Path

import msgspec

from core.drone import DroneState
from core.errors import Fault, Malformed
from core.events import Order
from core.ids import DroneId

MAX_MESSAGE = 65536
MAX_PARAMS = 50
DOOR_FILE = "gateway.json"


class Wire(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Base of all messages: frozen, tagged with the name of the type."""


class Hello(Wire, frozen=True):
    secret: str


class Beat(Wire, frozen=True):
    """The control loop is alive."""


class OrderAsked(Wire, frozen=True):
    """`id` is made by the asker: a repeat is answered, not done again."""

    id: str
    drone: DroneId
    order: Order


class ParamsAsked(Wire, frozen=True):
    """Each group holds names of which the drone has at least one (names change between versions)."""

    id: str
    drone: DroneId
    groups: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        if sum(map(len, self.groups)) > MAX_PARAMS or any(
            not n.isascii() or len(n) > 16 for g in self.groups for n in g
        ):
            raise Malformed("control.groups", f"at most {MAX_PARAMS} names of up to 16 ASCII characters")


class Welcome(Wire, frozen=True):
    """`mavsdk_port`: UDP port on loopback for the one Mavsdk instance; `ids`: the system id each drone has there;
    `unsigned`: drones whose links are said to be unsigned."""

    mavsdk_port: int
    ids: dict[DroneId, int]
    unsigned: tuple[DroneId, ...] = ()


class OrderAnswered(Wire, frozen=True):
    id: str
    drone: DroneId
    done: bool
    detail: str


class ParamsRead(Wire, frozen=True):
    """Those that the drone told; names it did not tell are missing."""

    id: str
    values: dict[str, float]


class State(Wire, frozen=True):
    state: DroneState


class Warned(Wire, frozen=True):
    drone: DroneId | None
    text: str


class Stats(Wire, frozen=True):
    """Counts since the gateway's start. `refused`: reason to count of messages that did not leave; `unbelieved`: why
    frames that came were not believed (`signing.Wrong`), to count."""

    frames: int
    bad_frames: int
    sent: int
    refused: dict[str, int]
    log_left_out: int
    unbelieved: dict[str, int] = {}


ToGateway = Hello | Beat | OrderAsked | ParamsAsked
ToCoordinator = Welcome | OrderAnswered | ParamsRead | State | Warned | Stats

_encoder = msgspec.msgpack.Encoder()
_to_gateway: msgspec.msgpack.Decoder[ToGateway] = msgspec.msgpack.Decoder(ToGateway)
_to_coordinator: msgspec.msgpack.Decoder[ToCoordinator] = msgspec.msgpack.Decoder(ToCoordinator)


def encode(message: ToGateway | ToCoordinator) -> bytes:
    """Length and body."""
    body = _encoder.encode(message)
    return len(body).to_bytes(4, "big") + body


def decode_to_gateway(body: bytes) -> ToGateway:
    """Raises Malformed."""
    try:
        return _to_gateway.decode(body)
    except (msgspec.DecodeError, msgspec.ValidationError, ValueError) as e:
        raise Malformed("control", str(e)) from e


def decode_to_coordinator(body: bytes) -> ToCoordinator:
    """Raises Malformed."""
    try:
        return _to_coordinator.decode(body)
    except (msgspec.DecodeError, msgspec.ValidationError, ValueError) as e:
        raise Malformed("control", str(e)) from e


async def read_body(reader: asyncio.StreamReader) -> bytes | None:
    """The next body; None at a clean end. Raises Malformed for a length that can't be or an end in mid-message."""
    try:
        head = await reader.readexactly(4)
        length = int.from_bytes(head, "big")
        if not 0 < length <= MAX_MESSAGE:
            raise Malformed("control.length", f"{length} bytes", f"1 to {MAX_MESSAGE}")
        return await reader.readexactly(length)
    except asyncio.IncompleteReadError as e:
        if e.partial:
            raise Malformed("control", "ended in mid-message") from e
        return None
    except OSError:
        return None


class Door(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the gateway listens, and the secret."""

    control_port: int
    secret: str
    pid: int


def claim(data_dir: Path) -> int:
    """The lock of the one gateway of a data folder, held until the file descriptor is closed. Raises Fault."""
    path = data_dir / "gateway.lock"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as e:
        raise Fault(f"can't write {path}: {e.strerror}") from e
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as e:
        os.close(fd)
        raise Fault(f"another gateway runs with {data_dir}") from e
    return fd


def write_door(data_dir: Path, door: Door) -> None:
    """Replace `gateway.json` in one step, readable by its owner only. Raises Fault."""
    path = data_dir / DOOR_FILE
    fresh = path.with_suffix(f".{door.pid}")
    try:
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "wb") as f:
            f.write(msgspec.json.encode(door))
        fresh.replace(path)
    except OSError as e:
        raise Fault(f"can't write {path}: {e.strerror}") from e


def read_door(data_dir: Path) -> Door:
    """Raises Fault when there is none or it can't be read."""
    path = data_dir / DOOR_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Door)
    except OSError as e:
        raise Fault(f"no gateway has run here: can't read {path}: {e.strerror}") from e
    except msgspec.DecodeError as e:
        raise Fault(f"{path} is damaged: {e}") from e
