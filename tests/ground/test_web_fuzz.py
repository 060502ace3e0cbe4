"""Bodies nobody would send: the answer is always an answer, never a 500, and always in the one shape."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.roles import Role
from tests.ground.web_world import World, world

FINE = {200, 401, 403, 404, 422, 429}
ROUTES = {
    "/api/v1/session": (Role.PILOT, {"name": "ana", "password": "x"}),
    "/api/v1/session/password": (Role.PILOT, {"old": "x", "new": "y"}),
    "/api/v1/searches": (
        Role.PILOT,
        {
            "id": "s-1",
            "area": {"type": "Polygon", "coordinates": [[[1.5, 42.5], [1.6, 42.5], [1.6, 42.6], [1.5, 42.5]]]},
            "drones": ["d1"],
            "height_agl_m": 60,
            "speed_mps": 12,
            "swath_m": 50,
            "gimbal_pitch_deg": -90,
            "plain": True,
        },
    ),
    "/api/v1/searches/s-1/approve": (Role.PILOT, {}),
    "/api/v1/searches/s-1/join": (Role.PILOT, {"drone": "d1"}),
    "/api/v1/fleet/hold": (Role.PILOT, {}),
    "/api/v1/incidents/i-1/confirm": (Role.PILOT, {"note": "x"}),
    "/api/v1/incidents/i-1/dismiss": (Role.PILOT, {"reason": "x"}),
    "/api/v1/incidents/i-1/send": (Role.DISPATCHER, {"unit": "u1", "task": "t-1"}),
    "/api/v1/units/u1/position": (Role.UNIT, {"lat_deg": 42.5, "lon_deg": 1.5, "at": 1.0, "heading_deg": 1.0}),
    "/api/v1/tasks/t-1/arrive": (Role.UNIT, {"lat_deg": 42.5, "lon_deg": 1.5}),
    "/api/v1/tasks/t-1/clear": (Role.UNIT, {"outcome": "handled"}),
    "/api/v1/sites/site-1/alarms": (Role.SITE, {"device": "smoke-1", "kind": "smoke", "at": 1.0}),
}
odd = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just(10**400), st.just("\ud800"),
    st.sampled_from(["NaN", "0", "../x", "a" * 5000, "\x00"]),
)  # fmt: skip
anything = st.recursive(
    odd, lambda s: st.lists(s, max_size=4) | st.dictionaries(st.text(max_size=6), s, max_size=4), max_leaves=12
)


@st.composite
def spoiled(draw: st.DrawFn, good: Any) -> Any:
    """A good body with one place in it replaced by anything."""
    if isinstance(good, dict) and good and draw(st.integers(0, 4)):
        key = draw(st.sampled_from(sorted(good)))
        return good | {key: draw(spoiled(good[key]))}
    if isinstance(good, list) and good and draw(st.integers(0, 4)):
        i = draw(st.integers(0, len(good) - 1))
        return [*good[:i], draw(spoiled(good[i])), *good[i + 1 :]]
    return draw(anything)


@pytest.fixture(scope="module")
def w() -> World:
    return world(Path(tempfile.mkdtemp()))


def sent(w: World, role: Role, path: str, content: bytes) -> httpx.Response:
    async def send() -> httpx.Response:
        async with w.client(role) as c:
            return await c.post(path, content=content, headers={"Content-Type": "application/json"})

    return asyncio.run(send())


@pytest.mark.parametrize("path", ROUTES)
def test_spoiled_bodies_get_an_answer_in_the_one_shape(w: World, path: str) -> None:
    role, good = ROUTES[path]

    @given(spoiled(good) | anything)
    @settings(deadline=None, max_examples=15)
    def never_breaks(body: Any) -> None:
        w.app.state.tries._failed.clear()
        answer = sent(w, role, path, json.dumps(body).encode())
        assert answer.status_code in FINE, (body, answer.text)
        if answer.status_code != 200:
            reasons = answer.json()["reasons"]
            assert reasons
            assert all(set(r) == {"field", "problem", "fix"} for r in reasons)

    never_breaks()


@given(st.binary(max_size=60))
@settings(deadline=None, max_examples=30)
def test_bytes_that_are_no_json_get_an_answer(w: World, content: bytes) -> None:
    answer = sent(w, Role.PILOT, "/api/v1/searches", content)
    assert answer.status_code in {400, 422}
    assert answer.json()["accepted"] is False
