"""Commands that speak to a running server: search, hold, return."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import Fault, Malformed
from core.io.api import Api, ApiRefused
from core.io.runtime import new_id

POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class Login:
    """Where and as whom: a token, or a name and password (else from the environment)."""

    server: str
    token: str = ""
    user: str = ""
    password: str = ""


async def open_session(login: Login) -> Api:
    """A signed-in Api. Raises Malformed when nothing says who asks."""
    token = login.token or os.environ.get("AIRGROUND_TOKEN", "")
    api = Api(login.server, token)
    if token:
        return api
    user = login.user or os.environ.get("AIRGROUND_USER", "")
    password = login.password or os.environ.get("AIRGROUND_PASSWORD", "")
    if not user or not password:
        raise Malformed("user", "nobody to sign in as", "set AIRGROUND_USER and AIRGROUND_PASSWORD, or AIRGROUND_TOKEN")
    await api.sign_in(user, password)
    return api


def run(login: Login, work: Callable[[Api], Awaitable[int]]) -> int:
    """Sign in, do the work, print refusals; the process's exit code."""

    async def whole() -> int:
        async with await open_session(login) as api:
            return await work(api)

    try:
        return asyncio.run(whole())
    except ApiRefused as e:
        for reason in e.refused.reasons:
            print(f"refused: {reason}", file=sys.stderr)
    except (Fault, Malformed) as e:
        print(f"error: {e}", file=sys.stderr)
    return 1


def read_geojson(path: Path) -> Any:
    """The JSON of a file. Raises Malformed naming the file and where it breaks."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise Malformed("AREA", f"can't read {path}: {e.strerror}") from e
    except (ValueError, RecursionError) as e:
        raise Malformed("AREA", f"{path} is not JSON: {e}") from e


async def search(api: Api, area: Any, ask: dict[str, Any], wait: bool) -> int:
    """Plan and approve a search; with `wait`, show its progress to the end. 0 when it was swept or somebody found."""
    search_id = new_id("s")
    await api.post("/api/v1/searches", {"id": search_id, "area": area, **ask})
    print(f"planned {search_id}")
    await api.post(f"/api/v1/searches/{search_id}/approve")
    print(f"approved {search_id}; the drones take off")
    return await _follow(api, search_id) if wait else 0


async def _follow(api: Api, search_id: str) -> int:
    told = ""
    while True:
        picture = await api.get("/api/v1/picture")
        entity = picture["searches"].get(search_id, {})
        sightings = sum(1 for s in picture["sightings"].values() if s["incident"])
        line = f"{entity.get('state', '?')}: {100 * entity.get('swept_fraction', 0):.0f} % swept, {sightings} sightings"
        if line != told:
            print(line, flush=True)
            told = line
        if entity.get("state") in ("ended", "refused"):
            print(f"outcome: {entity.get('outcome') or '; '.join(map(str, entity.get('reasons', [])))}")
            return 0 if entity.get("outcome") in ("swept", "found") else 2
        await asyncio.sleep(POLL_S)


async def order(api: Api, verb: str, drone: str | None) -> int:
    """HOLD or RETURN for one drone, or all."""
    path = f"/api/v1/drones/{drone}/{verb}" if drone else f"/api/v1/fleet/{verb}"
    await api.post(path)
    print(f"{verb} sent to {drone or 'all drones'}; the map shows when telemetry has confirmed it")
    return 0
