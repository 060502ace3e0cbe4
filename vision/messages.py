"""What a stream's child process and its parent say to each other: small MessagePack frames over a socket pair.

Never pickled: the child decodes bytes from the network and may be anything by the time it answers. A frame is a
4-byte big-endian length and that many bytes; a longer one than MAX_BYTES, or one that does not decode, ends the child.
"""

from __future__ import annotations

import struct
from typing import Literal

import msgspec

MAX_BYTES = 1 << 20
HEADER = struct.Struct(">I")

StreamState = Literal["waiting", "live", "dead"]


class Spot(msgspec.Struct, frozen=True, array_like=True):
    """One detection: box in px of the frame as sent, label, score, JPEG of its surroundings (may be empty),
    grey levels above its surroundings (0: not told)."""

    x_px: float
    y_px: float
    width_px: float
    height_px: float
    label: Literal["Person", "Other"]
    score: float
    chip: bytes
    level: float = 0.0


class Found(msgspec.Struct, frozen=True, tag=True):
    """A searched frame: capture time, when its detections were ready, its number, size, and frames dropped so far."""

    at: float
    ready_at: float
    number: int
    width_px: int
    height_px: int
    dropped: int
    spots: tuple[Spot, ...]


class Preview(msgspec.Struct, frozen=True, tag=True):
    """A frame as JPEG with its boxes drawn."""

    at: float
    jpeg: bytes


class Heard(msgspec.Struct, frozen=True, tag=True):
    """The stream's state and why, in words."""

    state: StreamState
    words: str


class Ended(msgspec.Struct, frozen=True, tag=True):
    """A file or folder has no more frames; the child leaves."""

    words: str


class Scale(msgspec.Struct, frozen=True, tag=True):
    """To the child: metres on the ground a pixel spans, or None while unknown."""

    metres_per_px: float | None


class Look(msgspec.Struct, frozen=True, tag=True):
    """To the child: whether previews are wanted, and how many a second at most."""

    wanted: bool
    fps: float


FromChild = Found | Preview | Heard | Ended
ToChild = Scale | Look

_encoder = msgspec.msgpack.Encoder()
from_child = msgspec.msgpack.Decoder(FromChild)
to_child = msgspec.msgpack.Decoder(ToChild)


def framed(message: FromChild | ToChild) -> bytes:
    """A message with its length before it."""
    body = _encoder.encode(message)
    return HEADER.pack(len(body)) + body
