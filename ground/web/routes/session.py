"""Signing in and out, and changing one's password."""

from __future__ import annotations

import asyncio
from typing import cast

from fastapi import APIRouter, Request
from starlette.responses import Response

from core.errors import Reason
from core.events import SignedIn as SignedInFact
from core.io.files.accounts import Account
from ground.web.edge.access import COOKIE, Parts, SignedIn, sessions_of, token_of
from ground.web.edge.answers import Denied, reply
from ground.web.edge.bodies import NewPassword, SignIn
from ground.web.edge.metrics import Metrics
from ground.web.edge.sessions import EXPIRE_S, Session, Tries
from ground.web.parts import WebParts

router = APIRouter(prefix="/api/v1/session")
HASHES_AT_ONCE = 2
"""Password checks that run side by side: each takes a core and 64 MB for some tens of ms."""
_WRONG = Reason("password", "name and password do not fit", "try again; somebody with the role supervisor can help")


@router.post("")
async def sign_in(body: SignIn, request: Request, parts: Parts) -> Response:
    """A session token, also as a cookie; the sign-in is in the audit log before it counts."""
    account = await _checked(body, request, parts)
    await parts.log.append(parts.clock.now(), SignedInFact(account.name, account.role.value))
    token = sessions_of(request).start(account.name, account.role, account.must_change_password)
    answer = reply(_who(account) | {"token": token})
    _cookie(answer, request, token)
    return answer


@router.get("")
async def who_am_i(session: SignedIn) -> Response:
    """Who is signed in."""
    return reply(_who_is(session))


@router.delete("")
async def sign_out(request: Request, _: SignedIn) -> Response:
    """End this session."""
    sessions_of(request).end(token_of(request) or "")
    answer = reply({"accepted": True})
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return answer


@router.post("/password")
async def change_password(body: NewPassword, request: Request, session: SignedIn, parts: Parts) -> Response:
    """A new password; all sessions of the account end, and this one starts anew."""
    name = session.principal.name
    if parts.accounts.account(name) is None:
        raise Denied(403, Reason("session", "tokens of the settings have no password", "change token_hash instead"))
    tries, keys = _tries(request), (f"name {name}",)
    _may_try(tries, keys)
    async with _hashing(request):
        account = await asyncio.to_thread(parts.accounts.change_password, name, body.old, body.new)
    if account is None:
        tries.fail(*keys)
        raise Denied(403, Reason("old", "not the password of this account", "try again"))
    sessions = sessions_of(request)
    sessions.end_all(name)
    token = sessions.start(account.name, account.role, account.must_change_password)
    answer = reply(_who(account) | {"token": token})
    _cookie(answer, request, token)
    return answer


async def _checked(body: SignIn, request: Request, parts: WebParts) -> Account:
    """The account; raises Denied when it does not fit or has been tried too often."""
    address = request.client.host if request.client else "unknown"
    tries, keys = _tries(request), (f"name {body.name}", f"address {address}")
    metrics = cast(Metrics, request.app.state.metrics)
    try:
        _may_try(tries, keys)
    except Denied:
        metrics.sign_ins.labels("limited").inc()
        raise
    async with _hashing(request):
        account = await asyncio.to_thread(parts.accounts.verify, body.name, body.password)
    if account is None:
        tries.fail(*keys)
        metrics.sign_ins.labels("wrong").inc()
        raise Denied(401, _WRONG)
    metrics.sign_ins.labels("ok").inc()
    return account


def _may_try(tries: Tries, keys: tuple[str, ...]) -> None:
    wait_s = tries.wait_s(*keys)
    if wait_s > 0:
        reason = Reason("password", "too many failed tries", f"wait {wait_s:.0f} s")
        raise Denied(429, reason, {"Retry-After": str(int(wait_s) + 1)})


def _cookie(answer: Response, request: Request, token: str) -> None:
    answer.set_cookie(
        COOKIE,
        token,
        max_age=int(EXPIRE_S),
        path="/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def _who(account: Account) -> dict[str, object]:
    return {"name": account.name, "role": account.role, "must_change_password": account.must_change_password}


def _who_is(session: Session) -> dict[str, object]:
    p = session.principal
    return {"name": p.name, "role": p.role, "must_change_password": session.must_change_password}


def _tries(request: Request) -> Tries:
    return cast(Tries, request.app.state.tries)


def _hashing(request: Request) -> asyncio.Semaphore:
    return cast(asyncio.Semaphore, request.app.state.hashing)
