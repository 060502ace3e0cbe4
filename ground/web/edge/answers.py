"""Answers as JSON, and every error in one shape: {"accepted": false, "reasons": [{"field", "problem", "fix"}]}."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from core.errors import Accepted, Fault, Malformed, Reason, Refused

LOG = structlog.get_logger(__name__)
_ENCODER = msgspec.json.Encoder()
MAX_REASONS = 20

FIXES = {
    "missing": "add it",
    "extra_forbidden": "leave it out; see the API's list of fields",
    "finite_number": "a finite number is wanted",
    "json_invalid": "send JSON",
}

WORDS = {
    400: ("request", "can't be read", "send JSON"),
    404: ("path", "nothing is here", "see the API's list of paths"),
    413: ("body", "too large", "send less, for example fewer corners"),
    405: ("method", "not allowed here", "see the API's list of paths"),
}


def reply(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer that nobody caches."""
    every = {"Cache-Control": "no-store"} | (headers or {})
    return Response(_ENCODER.encode(value), status, every, "application/json")


def refused(reasons: Iterable[Reason], status: int = 422, headers: dict[str, str] | None = None) -> Response:
    """A refusal."""
    words = [{"field": r.field, "problem": r.problem, "fix": r.fix} for r in reasons]
    return reply({"accepted": False, "reasons": words[:MAX_REASONS]}, status, headers)


def answered(answer: Accepted | Refused) -> Response:
    """A desk's answer."""
    if isinstance(answer, Refused):
        return refused(answer.reasons)
    return reply({"accepted": True, "id": answer.id})


class Denied(Exception):
    """A request that stops here: status and reason (401, 403, 429, 503 ...)."""

    def __init__(self, status: int, reason: Reason, headers: dict[str, str] | None = None) -> None:
        self.status = status
        self.reason = reason
        self.headers = headers
        super().__init__(str(reason))


def install(app: FastAPI) -> None:
    """Give the app its error shape."""
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Malformed, _malformed)
    app.add_exception_handler(Fault, _fault)
    app.add_exception_handler(Denied, _denied)
    app.add_exception_handler(Exception, _broken)


def reasons_of(errors: Iterable[dict[str, Any]]) -> list[Reason]:
    """pydantic's errors in our words; the field is the path within body, path or query."""
    made = []
    for e in errors:
        path = [str(p) for p in e["loc"]]
        field = ".".join(path[1:]) or path[0]
        kind = str(e["type"])
        problem = str(e["msg"]).removeprefix("Value error, ")
        if kind == "json_invalid":
            field, problem = "body", "not JSON"
        made.append(Reason(field, problem[:1].lower() + problem[1:], FIXES.get(kind, "")))
    return made


def _invalid(_: Request, e: Exception) -> Response:
    return refused(reasons_of(e.errors()) if isinstance(e, RequestValidationError) else ())


def _http(_: Request, e: Exception) -> Response:
    status = e.status_code if isinstance(e, HTTPException) else 500
    field, problem, fix = WORDS.get(status, ("request", "refused", ""))
    headers = dict(e.headers) if isinstance(e, HTTPException) and e.headers else None
    return refused([Reason(field, problem, fix)], status, headers)


def _malformed(_: Request, e: Exception) -> Response:
    return refused([Reason(e.field, e.problem, e.fix)] if isinstance(e, Malformed) else ())


def _fault(_: Request, e: Exception) -> Response:
    LOG.warning("web: a request met a fault", fault=str(e))
    return refused([Reason("server", str(e), "try again; nothing was changed")], 503)


def _denied(_: Request, e: Exception) -> Response:
    if not isinstance(e, Denied):
        return refused((), 500)
    return refused([e.reason], e.status, e.headers)


def _broken(_: Request, e: Exception) -> Response:
    LOG.error("web: a request broke", exc_info=e)
    return refused([Reason("server", "an error of ours; it is in the server's log", "try again")], 500)
