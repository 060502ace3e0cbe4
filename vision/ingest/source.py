"""What a video source's address means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from core.errors import Malformed

FORMS = "udp://host:port (MPEG-TS), rtsp://host/path, a video file, or a folder of JPEG or PNG images"


class SourceKind(StrEnum):
    """The four doors video comes in by."""

    UDP = "udp"
    RTSP = "rtsp"
    FILE = "file"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Source:
    """A checked address."""

    kind: SourceKind
    address: str

    @property
    def live(self) -> bool:
        """Whether it goes on for ever: silence is a fault there, an end is none elsewhere."""
        return self.kind in (SourceKind.UDP, SourceKind.RTSP)

    @property
    def words(self) -> str:
        """The address without user name and password, for people and logs."""
        if not self.live:
            return self.address
        parts = urlsplit(self.address)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def parse_source(text: str) -> Source:
    """A source from its address; raises Malformed for other schemes and for paths that are not there."""
    if "://" in text:
        return _network(text)
    path = Path(text)
    if path.is_dir():
        return Source(SourceKind.FOLDER, str(path))
    if path.is_file():
        return Source(SourceKind.FILE, str(path))
    raise Malformed("video", f"{text!r} is neither an address nor a file or folder that is there", f"give {FORMS}")


def _network(text: str) -> Source:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as e:
        raise Malformed("video", f"{text!r} is no address: {e}", f"give {FORMS}") from e
    if parts.scheme == "rtsp" and host:
        return Source(SourceKind.RTSP, text)
    if parts.scheme == "udp" and host and port and not parts.query:
        return Source(SourceKind.UDP, text)
    raise Malformed("video", f"{text!r} is no address of a kind known here", f"give {FORMS}")
