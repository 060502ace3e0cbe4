from __future__ import annotations

import itertools

import pytest

from core.ids import PersonName
from core.roles import ALLOWED, Operation, Principal, Role

# one row a role, one letter an operation in the order of the enum: y may, n may not
TABLE = {
    Role.PILOT: "yyyyyyynnnnn",
    Role.DISPATCHER: "yyynynyynnnn",
    Role.SAR_OPERATOR: "yyynynyynnnn",
    Role.SUPERVISOR: "yyyyyyyynnyy",
    Role.AUDITOR: "ynnnynnnnnyn",
    Role.UNIT: "ynnnynnnynnn",
    Role.SITE: "nnnnnnnnnynn",
}


@pytest.mark.parametrize(("role", "operation"), list(itertools.product(Role, Operation)))
def test_every_cell(role: Role, operation: Operation) -> None:
    want = TABLE[role][list(Operation).index(operation)] == "y"
    assert Principal(PersonName("x"), role).may(operation) == want


def test_hold_and_return_are_in_reach_of_everyone_signed_in_but_sites() -> None:
    assert {r for r in Role if Operation.HOLD_OR_RETURN in ALLOWED[r]} == set(Role) - {Role.SITE}
