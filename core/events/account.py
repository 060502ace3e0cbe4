"""Facts about staff accounts and what they looked at (the audit)."""

from __future__ import annotations

from dataclasses import dataclass

from core.ids import (
    PersonName,
)

AUTO = PersonName("auto")


@dataclass(frozen=True, slots=True)
class ViewGranted:
    """A camera, video or history was opened: by whom, for which open incident or search, and why."""

    by: PersonName
    subject: str
    purpose: str
    reference: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    by: PersonName
    role: str
