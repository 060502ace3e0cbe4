"""Every route with every role: the table here is written by hand and must name every route of the app."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.routing import APIRoute, APIWebSocketRoute

from core.roles import ALLOWED, Operation, Role
from tests.ground.web_world import world

OPEN, ANYBODY = "open", "anybody"
ROUTES: dict[tuple[str, str], str | tuple[Operation, ...]] = {
    ("GET", "/"): OPEN,
    ("GET", "/healthz"): OPEN,
    ("GET", "/metrics"): OPEN,
    ("POST", "/api/v1/session"): OPEN,
    ("GET", "/api/v1/session"): ANYBODY,
    ("DELETE", "/api/v1/session"): ANYBODY,
    ("POST", "/api/v1/session/password"): ANYBODY,
    ("GET", "/api/v1/map"): (Operation.SEE_PICTURE,),
    ("GET", "/api/v1/basemap.geojson"): (Operation.SEE_PICTURE,),
    ("GET", "/api/v1/picture"): (Operation.SEE_PICTURE,),
    ("POST", "/api/v1/searches"): (Operation.PLAN_SEARCH,),
    ("POST", "/api/v1/searches/{id}/approve"): (Operation.APPROVE_SEARCH,),
    ("POST", "/api/v1/searches/{id}/join"): (Operation.APPROVE_SEARCH,),
    ("GET", "/api/v1/searches/{id}/coverage"): (Operation.SEE_PICTURE,),
    ("GET", "/api/v1/searches/{id}/coverage/pod"): (Operation.SEE_PICTURE,),
    ("GET", "/api/v1/searches/{id}/coverage/pod.png"): (Operation.SEE_PICTURE,),
    ("POST", "/api/v1/searches/{id}/stop"): (Operation.PLAN_SEARCH,),
    ("POST", "/api/v1/drones/{id}/hold"): (Operation.HOLD_OR_RETURN,),
    ("POST", "/api/v1/drones/{id}/return"): (Operation.HOLD_OR_RETURN,),
    ("POST", "/api/v1/drones/{id}/resume"): (Operation.FLY,),
    ("POST", "/api/v1/fleet/hold"): (Operation.HOLD_OR_RETURN,),
    ("POST", "/api/v1/fleet/return"): (Operation.HOLD_OR_RETURN,),
    ("POST", "/api/v1/incidents/{id}/confirm"): (Operation.JUDGE_INCIDENT,),
    ("POST", "/api/v1/incidents/{id}/dismiss"): (Operation.JUDGE_INCIDENT,),
    ("POST", "/api/v1/incidents/{id}/close"): (Operation.JUDGE_INCIDENT,),
    ("POST", "/api/v1/incidents/{id}/send"): (Operation.SEND_UNIT,),
    ("GET", "/api/v1/sightings/{id}/chip.jpg"): (Operation.VIEW_VIDEO,),
    ("POST", "/api/v1/units/{id}/position"): (Operation.REPORT_UNIT,),
    ("GET", "/api/v1/units/{id}/task"): (Operation.REPORT_UNIT,),
    ("POST", "/api/v1/tasks/{id}/accept"): (Operation.REPORT_UNIT,),
    ("POST", "/api/v1/tasks/{id}/arrive"): (Operation.REPORT_UNIT,),
    ("POST", "/api/v1/tasks/{id}/clear"): (Operation.REPORT_UNIT, Operation.SEND_UNIT),
    ("POST", "/api/v1/sites/{id}/alarms"): (Operation.RAISE_ALARM,),
    ("GET", "/api/v1/audit"): (Operation.READ_AUDIT,),
}
SOCKETS = {"/api/v1/stream", "/api/v1/drones/{id}/video"}
IDS = {"units": "u1", "sites": "site-1"}


def routes_of(routes) -> list:
    """All routes, those of included routers too."""
    found = []
    for r in routes:
        inner = getattr(r, "original_router", None)
        found += routes_of(inner.routes) if inner is not None else [r]
    return found


def test_the_table_names_every_route(tmp_path: Path) -> None:
    every = routes_of(world(tmp_path).app.routes)
    assert {(m, r.path) for r in every if isinstance(r, APIRoute) for m in r.methods} == set(ROUTES)
    assert {r.path for r in every if isinstance(r, APIWebSocketRoute)} == SOCKETS


@pytest.mark.parametrize("role", [None, *Role], ids=str)
async def test_every_route_with_every_role(tmp_path: Path, role: Role | None) -> None:
    w = world(tmp_path, basemap=b"{}")
    wrong = []
    for (method, path), rule in ROUTES.items():
        if role:
            w.tokens[role] = w.token(role)
        async with w.client(role) as c:
            body = {"outcome": "recalled"} if path.endswith("/clear") else {}
            url = path.replace("{id}", IDS.get(path.split("/")[3] if path.count("/") > 3 else "", "x-1"))
            answer = await c.request(method, url, json=None if method == "GET" else body)
        may = rule in (OPEN, ANYBODY) or (role is not None and any(o in ALLOWED[role] for o in rule))
        expected = "401" if role is None and rule != OPEN else "passed" if may else "403"
        denied = answer.status_code in (401, 403)
        got = str(answer.status_code) if denied else "passed"
        if got != expected:
            wrong.append((method, path, role, got, answer.text[:200]))
    assert wrong == []
