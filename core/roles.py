"""Who may do what: one table (its test walks every cell)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.ids import PersonName


class Role(StrEnum):
    """Roles of staff and of machines that sign in."""

    PILOT = "pilot"
    DISPATCHER = "dispatcher"
    SAR_OPERATOR = "sar_operator"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    UNIT = "unit"
    SITE = "site"


class Operation(StrEnum):
    """What can be asked for."""

    SEE_PICTURE = "see_picture"
    VIEW_VIDEO = "view_video"
    PLAN_SEARCH = "plan_search"
    APPROVE_SEARCH = "approve_search"
    HOLD_OR_RETURN = "hold_or_return"
    FLY = "fly"
    JUDGE_INCIDENT = "judge_incident"
    SEND_UNIT = "send_unit"
    REPORT_UNIT = "report_unit"
    RAISE_ALARM = "raise_alarm"
    READ_AUDIT = "read_audit"
    MANAGE_ACCOUNTS = "manage_accounts"


_ALL_STAFF = frozenset({Operation.SEE_PICTURE, Operation.HOLD_OR_RETURN})

ALLOWED: dict[Role, frozenset[Operation]] = {
    Role.PILOT: _ALL_STAFF
    | {Operation.VIEW_VIDEO, Operation.PLAN_SEARCH, Operation.APPROVE_SEARCH, Operation.FLY, Operation.JUDGE_INCIDENT},
    Role.DISPATCHER: _ALL_STAFF
    | {Operation.VIEW_VIDEO, Operation.PLAN_SEARCH, Operation.JUDGE_INCIDENT, Operation.SEND_UNIT},
    Role.SAR_OPERATOR: _ALL_STAFF
    | {Operation.VIEW_VIDEO, Operation.PLAN_SEARCH, Operation.JUDGE_INCIDENT, Operation.SEND_UNIT},
    Role.SUPERVISOR: frozenset(Operation) - {Operation.REPORT_UNIT, Operation.RAISE_ALARM},
    Role.AUDITOR: frozenset({Operation.SEE_PICTURE, Operation.READ_AUDIT, Operation.HOLD_OR_RETURN}),
    Role.UNIT: frozenset({Operation.SEE_PICTURE, Operation.REPORT_UNIT, Operation.HOLD_OR_RETURN}),
    Role.SITE: frozenset({Operation.RAISE_ALARM}),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who has signed in. For units and sites `name` is the unit's or site's id."""

    name: PersonName
    role: Role

    def may(self, operation: Operation) -> bool:
        """Whether the table allows it."""
        return operation in ALLOWED[self.role]
