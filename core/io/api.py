"""Client of our own REST API, for the command line and for simulated people. Errors are refusals in words."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import httpx

from core.errors import Fault, Reason, Refused

TIMEOUT_S = 15.0


class ApiRefused(Exception):
    """The server said no; `refused` holds its reasons."""

    def __init__(self, status: int, refused: Refused) -> None:
        self.status = status
        self.refused = refused
        super().__init__(str(refused))


class Api:
    """One signed-in session. Use as an async context manager."""

    def __init__(self, server: str, token: str = "") -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.AsyncClient(base_url=server, headers=headers, timeout=TIMEOUT_S, trust_env=False)

    async def __aenter__(self) -> Api:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def sign_in(self, name: str, password: str) -> None:
        """Open a session; further calls carry its token."""
        answer = await self.call("POST", "/api/v1/session", {"name": name, "password": password})
        self._http.headers["Authorization"] = f"Bearer {answer['token']}"
        self._http.cookies.clear()

    async def get(self, path: str) -> Any:
        """GET; the JSON of the answer."""
        return await self.call("GET", path)

    async def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """POST; the JSON of the answer."""
        return await self.call("POST", path, body or {})

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One request. Raises ApiRefused with the server's reasons, Fault when it can't be reached."""
        try:
            answer = await self._http.request(method, path, json=body)
        except httpx.HTTPError as e:
            why = str(e) or type(e).__name__
            raise Fault(f"no answer from {self._http.base_url}: {why}; is `airground serve` running there?") from e
        doc = _json(answer)
        if answer.is_success:
            return doc
        raise ApiRefused(answer.status_code, _reasons(doc, answer.status_code))


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json() if answer.content else None
    except ValueError:
        return None


def _reasons(doc: Any, status: int) -> Refused:
    rows = doc.get("reasons") if isinstance(doc, dict) else None
    if not isinstance(rows, list) or not rows:
        return Refused.because("server", f"answered {status} without a reason")
    return Refused(
        tuple(Reason(str(r.get("field", "")), str(r.get("problem", "")), str(r.get("fix", ""))) for r in rows)
    )
