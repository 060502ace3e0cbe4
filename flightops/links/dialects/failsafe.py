"""Is an aircraft set up to come home by itself? Judged from its own parameters, before take-off."""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import Reason, Refused
from flightops.links.dialects.dialect import Dialect, FailsafeRule


def groups(dialect: Dialect) -> tuple[tuple[str, ...], ...]:
    """The parameters to read: a group a rule, of which a vehicle has at least one."""
    return tuple(rule.params for rule in dialect.failsafes)


def judge(dialect: Dialect, params: Mapping[str, float]) -> Refused | None:
    """None when every rule holds; a parameter that was not told is a breach (rule 7)."""
    reasons = tuple(r for rule in dialect.failsafes if (r := _breach(rule, params)) is not None)
    return Refused(reasons) if reasons else None


def _breach(rule: FailsafeRule, params: Mapping[str, float]) -> Reason | None:
    told = {name: params[name] for name in rule.params if name in params}
    if not told:
        return Reason(
            rule.params[0], f"{rule.about}: the aircraft did not tell this parameter", "check the link, try again"
        )
    if rule.safe(told):
        return None
    values = ", ".join(f"{name} = {value:g}" for name, value in told.items())
    return Reason(next(iter(told)), f"{rule.about}: {rule.problem} ({values})", rule.fix)
