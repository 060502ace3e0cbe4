"""What the web edge is given by the composition root."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from core.clock import Clock
from core.errors import Accepted, Refused
from core.ids import DroneId, SearchId
from core.io.files.accounts import AccountsFile
from core.io.runtime import new_id, new_secret
from core.io.settings import Settings
from core.log import EventLog, Trail
from ground.sites.site import Site
from ground.web.live import LivePicture

STATIC = Path(__file__).parent / "static"


class VideoTap(Protocol):
    """Newest pictures of drones, boxes drawn."""

    def newest(self, drone: DroneId) -> tuple[int, bytes] | None:
        """(number that grows with every frame, JPEG); None when there is no picture."""
        ...


@dataclass(frozen=True, slots=True)
class Health:
    """One part of the server: whether it works, and in words how."""

    ok: bool
    says: str = ""


class CoverageSource(Protocol):
    """What searches have truly seen. All answer None when there is no such search."""

    async def coverage(self, search: SearchId) -> dict[str, Any] | None:
        """Gaps as GeoJSON with figures, and where the picture of POD lies."""
        ...

    async def pod_rows(self, search: SearchId) -> dict[str, Any] | None:
        """POD (probability of detection) by cell as numbers."""
        ...

    async def pod_picture(self, search: SearchId, theme: str) -> bytes | None:
        """The same as a PNG in the colours of a theme, `night` or `day`."""
        ...


class NoCoverage:
    """Nothing is known of any search."""

    async def coverage(self, _: SearchId) -> dict[str, Any] | None:
        return None

    async def pod_rows(self, _: SearchId) -> dict[str, Any] | None:
        return None

    async def pod_picture(self, _: SearchId, __: str) -> bytes | None:
        return None


@dataclass(frozen=True, slots=True)
class WebParts:
    """Everything the routes use. `ask` takes any wish of core.commands to the desk that owns it.

    `basemap`: GeoJSON, None when there is none. `must_change`: one-time passwords allow looking and HOLD / RETURN
    only, until changed. `new_id(kind)` and `new_secret(length)` are random.
    """

    log: EventLog
    trail: Trail
    clock: Clock
    accounts: AccountsFile
    ask: Callable[[Any], Awaitable[Accepted | Refused]]
    settings: Settings
    live: LivePicture
    video: VideoTap
    health: Callable[[], Mapping[str, Health]]
    sites: tuple[Site, ...] = ()
    basemap: bytes | None = None
    static: Path = STATIC
    must_change: bool = True
    coverage: CoverageSource = field(default_factory=NoCoverage)
    new_id: Callable[[str], str] = field(default=new_id)
    new_secret: Callable[[int], str] = field(default=new_secret)
