"""The one place with clocks and randomness (rule 8)."""

from __future__ import annotations

import secrets
import time

import numpy as np

from core.units import Seconds, UtcSeconds


class SystemClock:
    """The machine's clocks."""

    def now(self) -> UtcSeconds:
        """Time of day, UTC."""
        return UtcSeconds(time.time())

    def monotonic(self) -> Seconds:
        """Seconds that never run backwards."""
        return Seconds(time.monotonic())


def new_id(kind: str) -> str:
    """A fresh id such as "s-3f9k2x7a": the kind and 40 random bits."""
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
    return f"{kind}-" + "".join(secrets.choice(alphabet) for _ in range(8))


def new_secret(length: int = 24) -> str:
    """A random secret, URL-safe, of about `length` characters."""
    return secrets.token_urlsafe(length)[:length]


def new_key() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(32)


def seeded_rng(seed: int) -> np.random.Generator:
    """The generator for everything that must repeat from a seed."""
    return np.random.default_rng(seed)
