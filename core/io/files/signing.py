"""Keys of signed links, one file a link, and the signing times that are spent."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec

from core.errors import Fault, Malformed
from core.io.files.kept import keep

KEY_BYTES = 32
MOST_BYTES = 1_024


def read_key(path: Path, field: str) -> bytes:
    """The key in a file: 64 hexadecimal digits. Raises Malformed naming `field`, never telling the key, also when
    others than its owner may read or write it."""
    try:
        with path.open("rb") as f:
            mode, text = stat.S_IMODE(os.fstat(f.fileno()).st_mode), f.read(MOST_BYTES)
    except OSError as e:
        raise Malformed(field, f"can't read {path}: {e.strerror}", f"airground signing-key {path}") from e
    if mode & 0o077:
        raise Malformed(field, f"{path} has mode {mode:o}: others may read the key", f"chmod 600 {path}, a new key")
    try:
        key = bytes.fromhex(text.decode("ascii").strip())
    except ValueError as e:
        raise Malformed(field, f"{path} holds no hexadecimal digits", f"{2 * KEY_BYTES} of them") from e
    if len(key) != KEY_BYTES or len(set(key)) == 1:
        raise Malformed(field, f"{path} holds {len(key)} bytes, or all alike", f"{KEY_BYTES} random ones")
    return key


def write_key(path: Path, key: bytes) -> None:
    """A new key's file, mode 600. Raises Malformed when there is a file already, Fault when it can't be written."""
    if path.exists():
        raise Malformed("PATH", f"{path} is there already", "choose another name: a key in use is never overwritten")
    keep(path, key.hex().encode() + b"\n", "a signing key")


class SpentTimes:
    """The newest signing time spent on each link, kept on disk. Raises Malformed when the file is damaged."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._times = msgspec.json.decode(path.read_bytes(), type=dict[str, int])
        except FileNotFoundError:
            self._times = {}
        except OSError as e:
            raise Fault(f"can't read {path}: {e.strerror}") from e
        except msgspec.DecodeError as e:
            fix = "restore it; or wait a minute, delete it and start anew: what was heard this minute could be replayed"
            raise Malformed("signing", f"{path} is damaged: {e}", fix) from e

    def spent(self, link: str) -> int:
        """The time up to which nothing is believed, or sent again, on a link; 0: it is new."""
        return self._times.get(link, 0)

    def spend(self, link: str, time: int) -> None:
        """Keep a link's time before it counts. Raises Fault when the disk does not take it."""
        times = {**self._times, link: time}
        keep(self._path, msgspec.json.encode(times), "signing times")
        self._times = times
