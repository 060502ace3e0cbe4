"""Who is signed in: opaque random tokens, kept as hashes in memory; and the long-lived tokens of units and sites."""

from __future__ import annotations

import hashlib
import hmac
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.clock import Clock
from core.ids import PersonName
from core.roles import Principal, Role
from core.units import Seconds

EXPIRE_S = 12 * 3600.0
MAX_SESSIONS = 10_000
"""Past it the oldest session ends."""
TRIES = 5
"""Failed sign-ins a name or an address, within TRIES_S; then it has to wait."""
TRIES_S = 60.0
MAX_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in. `until`: monotonic seconds."""

    principal: Principal
    until: Seconds
    must_change_password: bool


def hashed(token: str) -> str:
    """SHA-256 of a token, hex; tokens are random, so a fast hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


class Sessions:
    """Sessions of staff, and machines by the settings' token hashes."""

    def __init__(self, clock: Clock, new_secret: Callable[[int], str], machines: Mapping[str, Principal]) -> None:
        """`machines`: SHA-256 of the token, hex, to the unit or site it stands for."""
        self._clock = clock
        self._new_secret = new_secret
        self._machines = dict(machines)
        self._open: dict[str, Session] = {}

    def start(self, name: PersonName, role: Role, must_change: bool) -> str:
        """A new session; returns its token."""
        token = self._new_secret(43)
        now = self._clock.monotonic()
        if len(self._open) >= MAX_SESSIONS:
            self._open.pop(next(iter(self._open)))
        self._open[hashed(token)] = Session(Principal(name, role), Seconds(now + EXPIRE_S), must_change)
        return token

    def find(self, token: str) -> Session | None:
        """The open session or machine of a token."""
        key = hashed(token)
        session = self._open.get(key)
        if session is not None:
            if session.until > self._clock.monotonic():
                return session
            del self._open[key]
            return None
        for known, principal in self._machines.items():
            if hmac.compare_digest(known, key):
                return Session(principal, Seconds(float("inf")), False)
        return None

    def end(self, token: str) -> None:
        """Sign out; unknown tokens are fine."""
        self._open.pop(hashed(token), None)

    def end_all(self, name: PersonName) -> None:
        """Sign a member of staff out everywhere (the password changed)."""
        for key in [k for k, s in self._open.items() if s.principal.name == name]:
            del self._open[key]


class Tries:
    """Counts failed sign-ins; memory is bounded."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failed: dict[str, deque[float]] = {}

    def wait_s(self, *keys: str) -> float:
        """How long these keys have to wait; 0: they may try."""
        now = self._clock.monotonic()
        waits = [0.0]
        for key in keys:
            failed = self._failed.get(key, deque())
            while failed and failed[0] <= now - TRIES_S:
                failed.popleft()
            if len(failed) >= TRIES:
                waits.append(failed[0] + TRIES_S - now)
        return max(waits)

    def fail(self, *keys: str) -> None:
        """One more failure of each key."""
        for key in keys:
            if len(self._failed) >= MAX_COUNTED and key not in self._failed:
                self._failed.pop(next(iter(self._failed)))
            self._failed.setdefault(key, deque(maxlen=TRIES)).append(self._clock.monotonic())
