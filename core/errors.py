"""The three kinds of error (DESIGN section 6, rule 11)."""

from __future__ import annotations

from dataclasses import dataclass


class Malformed(ValueError):
    """Input from outside that is no valid value: counted and dropped at the edge, with its reason.

    `field` names what was wrong, `fix` what to do about it; both are shown to people.
    """

    def __init__(self, field: str, problem: str, fix: str = "") -> None:
        self.field = field
        self.problem = problem
        self.fix = fix
        super().__init__(f"{field}: {problem}" + (f" ({fix})" if fix else ""))


class Fault(RuntimeError):
    """Something outside us failed (disk, link, process); the shell may try again, a bounded number of times."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for a refusal: what field or rule, in words a pilot can read aloud, and the fix."""

    field: str
    problem: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}" + (f" ({self.fix})" if self.fix else "")


@dataclass(frozen=True, slots=True)
class Accepted:
    """Answer to a wish that is granted. `id` is the wish's subject (search, task, ...)."""

    id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Answer to a wish that is not granted; returned, never raised. At least one reason."""

    reasons: tuple[Reason, ...]

    def __post_init__(self) -> None:
        if not self.reasons:
            raise ValueError("a refusal needs a reason")

    @staticmethod
    def because(field: str, problem: str, fix: str = "") -> Refused:
        """A refusal for one reason."""
        return Refused((Reason(field, problem, fix),))

    def __str__(self) -> str:
        return "; ".join(map(str, self.reasons))
