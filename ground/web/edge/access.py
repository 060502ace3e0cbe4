"""Who asks, and whether the table allows it: one dependency a route."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, cast

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from core.errors import Reason
from core.ids import PersonName
from core.io.settings import UnitSettings
from core.roles import Operation, Principal, Role
from ground.sites.site import Site
from ground.web.edge.answers import Denied
from ground.web.edge.sessions import Session, Sessions
from ground.web.parts import WebParts

COOKIE = "airground_session"
ALWAYS = frozenset({Operation.SEE_PICTURE, Operation.HOLD_OR_RETURN})
"""Allowed with a one-time password too."""


def parts_of(connection: HTTPConnection) -> WebParts:
    """The app's parts."""
    return cast(WebParts, connection.app.state.parts)


def sessions_of(connection: HTTPConnection) -> Sessions:
    """The app's sessions."""
    return cast(Sessions, connection.app.state.sessions)


def machines(units: tuple[UnitSettings, ...], sites: tuple[Site, ...]) -> dict[str, Principal]:
    """Token hashes of the settings, and whom they stand for."""
    found = {u.token_hash.lower(): Principal(PersonName(u.id), Role.UNIT) for u in units if u.token_hash}
    return found | {s.token_hash: Principal(PersonName(s.id), Role.SITE) for s in sites if s.token_hash}


def token_of(connection: HTTPConnection) -> str | None:
    """The bearer token, else the cookie."""
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and token:
        return token.strip()
    return connection.cookies.get(COOKIE)


def session_of(connection: HTTPConnection) -> Session | None:
    """Who asks; None when nobody is signed in."""
    token = token_of(connection)
    return sessions_of(connection).find(token) if token else None


def signed_in(request: Request) -> Session:
    """Dependency: anybody who is signed in."""
    session = session_of(request)
    if session is None:
        reason = Reason("session", "nobody is signed in", "sign in, or send a valid token")
        raise Denied(401, reason, {"WWW-Authenticate": "Bearer"})
    return session


def judged(session: Session, operations: tuple[Operation, ...], must_change: bool) -> Reason | None:
    """Why a session may do none of the operations; None when it may."""
    if not any(session.principal.may(o) for o in operations):
        words = operations[0].replace("_", " ")
        return Reason("session", f"{session.principal.role} may not {words}", "ask somebody whose role allows it")
    if must_change and session.must_change_password and not ALWAYS.intersection(operations):
        return Reason("session", "the password is for one sign-in only", "change it first: /api/v1/session/password")
    return None


def allowed(*operations: Operation) -> Callable[[Request], Principal]:
    """Dependency: somebody whose role allows one of the operations."""

    def check(request: Request) -> Principal:
        session = signed_in(request)
        reason = judged(session, operations, parts_of(request).must_change)
        if reason is not None:
            raise Denied(403, reason)
        return session.principal

    check.operations = operations  # type: ignore[attr-defined]
    return check


def own(principal: Principal, id_: str, field: str) -> None:
    """Units and sites speak for themselves only. Raises Denied."""
    if principal.name != id_:
        raise Denied(403, Reason(field, f"{principal.name} may not speak for {id_}", "use your own id"))


SignedIn = Annotated[Session, Depends(signed_in)]
Parts = Annotated[WebParts, Depends(parts_of)]
