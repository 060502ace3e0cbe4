"""Who is calling, and how errors go back: bearer tokens, the table of roles, status with field and fix."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import grpc
import structlog

from core.errors import Fault, Malformed
from core.roles import Operation, Principal

Authorise = Callable[[str], Principal | None]
"""The signed-in principal of a bearer token; None when it is not valid."""
Context = Any
"""grpc.aio.ServicerContext (grpcio ships no types)."""

_log = structlog.get_logger()


async def refuse(context: Context, code: Any, field: str, problem: str, fix: str = "") -> NoReturn:
    """End the call with a status; trailing metadata `airground-field-bin` and `airground-fix-bin` are UTF-8."""
    trailing = (("airground-field-bin", field.encode()), ("airground-fix-bin", fix.encode()))
    await context.abort(code, str(Malformed(field, problem, fix)), trailing)
    raise AssertionError("abort always raises")


async def admit(context: Context, authorise: Authorise, operation: Operation) -> Principal:
    """The caller, when its token is valid and its role may do `operation`; otherwise the call ends."""
    headers = {key.lower(): value for key, value in context.invocation_metadata() or ()}
    scheme, _, token = str(headers.get("authorization", "")).partition(" ")
    principal = authorise(token) if scheme.lower() == "bearer" and token else None
    if principal is None:
        fix = 'send metadata "authorization: Bearer TOKEN" with a token from sign-in'
        await refuse(context, grpc.StatusCode.UNAUTHENTICATED, "authorization", "no valid token", fix)
    if not principal.may(operation):
        problem = f"the role {principal.role} may not {operation.replace('_', ' ')}"
        await refuse(context, grpc.StatusCode.PERMISSION_DENIED, "role", problem, "ask somebody whose role may")
    return principal


@asynccontextmanager
async def answering(context: Context) -> AsyncIterator[None]:
    """Turn our errors into statuses and keep to the caller's deadline."""
    try:
        async with asyncio.timeout(context.time_remaining()):
            yield
    except Malformed as e:
        await refuse(context, grpc.StatusCode.INVALID_ARGUMENT, e.field, e.problem, e.fix)
    except Fault as e:
        _log.error("call failed", problem=str(e))
        await refuse(context, grpc.StatusCode.UNAVAILABLE, "server", str(e), "try again; nothing was done")
    except TimeoutError:
        await refuse(context, grpc.StatusCode.DEADLINE_EXCEEDED, "deadline", "it passed before the answer", "ask again")
