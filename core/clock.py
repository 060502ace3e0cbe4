"""The clock as a port: only shells hold one; pure rooms get `now` as an argument (rule 8)."""

from __future__ import annotations

from typing import Protocol

from core.units import Seconds, UtcSeconds


class Clock(Protocol):
    """Wall and monotonic time."""

    def now(self) -> UtcSeconds:
        """Time of day, UTC."""
        ...

    def monotonic(self) -> Seconds:
        """Seconds that never run backwards, from an unspecified start."""
        ...
