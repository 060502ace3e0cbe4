from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from core.commands import Hold, RaiseAlarm, SearchArea, SendUnit
from core.errors import Accepted, Fault, Reason, Refused
from core.events import IncidentKind, IncidentOpened, SignedIn, ViewGranted
from core.roles import Role
from ground.web.edge.area import MAX_CORNERS
from ground.web.parts import Health
from tests.ground.ground_worlds import sighting
from tests.ground.web_world import PASSWORD, World, world

SQUARE = {"type": "Polygon", "coordinates": [[[1.5, 42.5], [1.51, 42.5], [1.51, 42.51], [1.5, 42.5]]]}


@pytest.fixture
def w(tmp_path: Path) -> World:
    return world(tmp_path)


async def test_sign_in_gives_a_token_and_a_strict_cookie_and_is_on_record(w: World) -> None:
    w.parts.accounts.add("ana", Role.PILOT, PASSWORD, must_change_password=False)
    async with w.client() as c:
        answer = await c.post("/api/v1/session", json={"name": "ana", "password": PASSWORD})
        body = answer.json()
        assert answer.status_code == 200
        assert body | {"token": ""} == {"name": "ana", "role": "pilot", "must_change_password": False, "token": ""}
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
        assert (await c.get("/api/v1/session")).json()["name"] == "ana"
        who = await c.get("/api/v1/session", headers={"Authorization": f"Bearer {body['token']}"})
        assert who.json()["role"] == "pilot"
        assert (await c.delete("/api/v1/session", headers={"Origin": "http://test"})).status_code == 200
        assert (await c.get("/api/v1/session")).status_code == 401
    assert [r.fact for r in await w.log.read(0)] == [SignedIn("ana", "pilot")]


async def test_sessions_end_after_twelve_hours(w: World) -> None:
    async with w.client(Role.PILOT) as c:
        w.clock.time += 12 * 3600 - 1
        assert (await c.get("/api/v1/session")).status_code == 200
        w.clock.time += 2
        assert (await c.get("/api/v1/session")).status_code == 401


async def test_wrong_passwords_are_limited_for_known_and_unknown_names(w: World) -> None:
    w.parts.accounts.add("ana", Role.PILOT, PASSWORD)
    async with w.client() as c:
        for name in ("ana", "bob"):
            w.clock.time += 100
            wrong = {"name": name, "password": "wrong"}
            codes = [(await c.post("/api/v1/session", json=wrong)).status_code for _ in range(6)]
            assert codes == [401] * 5 + [429]
            late = await c.post("/api/v1/session", json={"name": name, "password": PASSWORD})
            assert late.status_code == 429
            assert int(late.headers["retry-after"]) >= 1
        w.clock.time += 61
        assert (await c.post("/api/v1/session", json={"name": "ana", "password": PASSWORD})).status_code == 200


async def test_a_one_time_password_allows_looking_and_holding_until_it_is_changed(w: World) -> None:
    password = w.parts.accounts.first_start(lambda: "one-time-secret")
    async with w.client() as c:
        signed = (await c.post("/api/v1/session", json={"name": "admin", "password": password})).json()
        assert signed["must_change_password"]
        c.headers["Authorization"] = f"Bearer {signed['token']}"
        assert (await c.post("/api/v1/fleet/hold")).status_code == 200
        assert (await c.get("/api/v1/map")).status_code == 200
        denied = await c.post("/api/v1/searches", json={"area": SQUARE})
        assert denied.status_code == 403
        assert "/api/v1/session/password" in denied.json()["reasons"][0]["fix"]
        short = await c.post("/api/v1/session/password", json={"old": password, "new": "short"})
        assert short.json()["reasons"][0]["field"] == "new"
        wrong = await c.post("/api/v1/session/password", json={"old": "no", "new": PASSWORD})
        assert wrong.json()["reasons"][0]["field"] == "old"
        changed = await c.post("/api/v1/session/password", json={"old": password, "new": PASSWORD})
        assert changed.status_code == 200
        assert (await c.get("/api/v1/session")).status_code == 401
        c.headers["Authorization"] = f"Bearer {changed.json()['token']}"
        assert (await c.post("/api/v1/searches", json={"area": SQUARE})).status_code == 200


async def test_a_search_becomes_a_wish_with_longitude_and_latitude_the_right_way_round(w: World) -> None:
    async with w.client(Role.DISPATCHER) as c:
        body = {"id": "s-1", "area": {"type": "Feature", "properties": {}, "geometry": SQUARE}, "drones": ["d1"]}
        answer = await c.post("/api/v1/searches", json=body | {"speed_mps": 8, "plain": True})
        assert answer.json() == {"accepted": True, "id": "x"}
    wish = w.asked[0]
    assert isinstance(wish, SearchArea)
    assert wish.area.outer[1].lon_deg == 1.51
    assert wish.area.outer[1].lat_deg == 42.5
    assert len(wish.area.outer) == 3
    assert (wish.speed_mps, wish.height_agl_m, wish.drones, wish.by) == (8.0, 60.0, ("d1",), "dispatcher-1")
    assert wish.plain


BAD = [
    ('{"area": {"type": "Polygon", "coordinates": [[[1, 2], [NaN, 3], [4, 5], [1, 2]]]}}', "area.coordinates[0][1]"),
    ('{"area": {"type": "Polygon", "coordinates": [[[1, 2], [1e999, 3], [4, 5], [1, 2]]]}}', "area.coordinates[0][1]"),
    ('{"area": {"type": "Polygon", "coordinates": [[[1, 2], [3, 4], [4, 5]]]}}', "area.coordinates[0]"),
    ('{"area": {"type": "Polygon", "coordinates": [[[1, 2], [3, 4], [4, 5], [6, 7]]]}}', "area.coordinates[0]"),
    ('{"area": {"type": "Polygon", "coordinates": [[[1, 89], [3, 4], [4, 5], [1, 89]]]}}', "area.coordinates[0][0]"),
    ('{"area": {"type": "Polygon", "coordinates": [[[1, 95], [3, 4], [4, 5], [1, 95]]]}}', "area.coordinates[0][0]"),
    ('{"area": {"type": "Polygon", "coordinates": []}}', "area.coordinates"),
    ('{"area": {"type": "Point", "coordinates": [1, 2]}}', "area.type"),
    ('{"area": 7}', "area"),
    ("{}", "area"),
    ('{"area": {}, "colour": "red"}', "colour"),
    ('{"area": {}, "speed_mps": NaN}', "speed_mps"),
    ('{"area": {}, "speed_mps": "12"}', "speed_mps"),
    ('{"area": {}, "speed_mps": true}', "speed_mps"),
    ('{"area": {}, "plain": "yes"}', "plain"),
    ('{"area": {}, "id": "no spaces please"}', "id"),
    ("{", "body"),
    ("[]", "body"),
]


@pytest.mark.parametrize(("text", "field"), BAD)
async def test_a_bad_search_is_refused_with_the_field_and_asks_nobody(w: World, text: str, field: str) -> None:
    async with w.client(Role.PILOT) as c:
        answer = await c.post("/api/v1/searches", content=text, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    body = answer.json()
    assert body["accepted"] is False
    assert body["reasons"][0]["field"] == field
    assert body["reasons"][0]["problem"]
    assert w.asked == []


async def test_out_of_range_numbers_are_refused_by_name(w: World) -> None:
    async with w.client(Role.PILOT) as c:
        answer = await c.post("/api/v1/searches", json={"area": SQUARE, "height_agl_m": 9000})
    assert answer.status_code == 422
    assert answer.json()["reasons"][0]["field"] == "height_agl_m"


@pytest.mark.slow
async def test_a_polygon_of_100_000_corners_comes_through_and_a_larger_one_does_not(w: World) -> None:
    ring = [[1.5 + i * 1e-6, 42.5 + (i % 7) * 1e-7] for i in range(MAX_CORNERS)]
    async with w.client(Role.PILOT) as c:
        fine = await c.post("/api/v1/searches", json={"area": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}})
        assert fine.status_code == 200
        assert len(w.asked[0].area.outer) == MAX_CORNERS
        more = [[*ring, [1.4, 42.4], ring[0]]]
        refused = await c.post("/api/v1/searches", json={"area": {"type": "Polygon", "coordinates": more}})
        assert refused.status_code == 422
        assert refused.json()["reasons"][0]["field"] == "area.coordinates"


async def test_bodies_over_their_limit_are_refused_declared_or_not(w: World) -> None:
    async def chunks():
        for _ in range(9):
            yield b" " * 1024 * 1024

    async with w.client(Role.PILOT) as c:
        declared = await c.post("/api/v1/fleet/hold", content=b" " * 70_000)
        streamed = await c.post("/api/v1/searches", content=chunks(), headers={"Content-Type": "application/json"})
    for answer in (declared, streamed):
        assert answer.status_code == 413
        assert answer.json()["reasons"][0]["field"] == "body"


async def test_deeply_nested_json_is_refused_and_breaks_nothing(w: World) -> None:
    async with w.client(Role.PILOT) as c:
        text = b'{"area": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
        answer = await c.post("/api/v1/searches", content=text, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422)
        assert answer.json()["accepted"] is False


async def test_a_refusal_a_fault_and_a_bug_each_come_in_the_same_shape(w: World) -> None:
    with capture_logs() as logged:
        await _refusal_fault_and_bug(w)
    assert [line["log_level"] for line in logged] == ["warning", "error"]


async def _refusal_fault_and_bug(w: World) -> None:
    async with w.client(Role.PILOT) as c:
        for given, status in (
            (Refused((Reason("drones", "d9 is unknown", "choose from d1, d2"),)), 422),
            (Fault("disk full"), 503),
            (ZeroDivisionError(), 500),
        ):
            w.answer = given
            answer = await c.post("/api/v1/fleet/return")
            assert answer.status_code == status
            assert set(answer.json()["reasons"][0]) == {"field", "problem", "fix"}
        assert (await c.get("/api/v1/nowhere")).status_code == 404
        assert (await c.put("/api/v1/fleet/return")).json()["reasons"][0]["field"] == "method"


async def test_a_cookie_from_another_site_changes_nothing(w: World) -> None:
    cookies = {"airground_session": w.tokens[Role.PILOT]}
    async with w.client(cookies=cookies) as c:
        for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
            assert (await c.post("/api/v1/fleet/hold", headers=headers)).status_code == 403
        assert w.asked == []
        assert (await c.post("/api/v1/fleet/hold", headers={"Origin": "http://test"})).status_code == 200
        assert w.asked == [Hold(None, "pilot-1")]


async def test_units_and_sites_speak_for_themselves_only(w: World) -> None:
    async with w.client(Role.UNIT) as c:
        place = {"lat_deg": 42.5, "lon_deg": 1.5}
        assert (await c.post("/api/v1/units/u1/position", json=place)).status_code == 200
        assert (await c.post("/api/v1/units/u2/position", json=place)).status_code == 403
        assert (await c.get("/api/v1/units/u2/task")).status_code == 403
        assert (await c.get("/api/v1/units/u1/task")).json() == {"task": None, "guidance": None}
    async with w.client(Role.SITE) as c:
        alarm = {"id": "a-1", "device": "smoke-1", "kind": "smoke"}
        assert (await c.post("/api/v1/sites/site-1/alarms", json=alarm)).status_code == 200
        assert (await c.post("/api/v1/sites/site-2/alarms", json=alarm)).status_code == 403
        half = await c.post("/api/v1/sites/site-1/alarms", json=alarm | {"lat_deg": 42.5})
        assert half.json()["reasons"][0]["field"] == "lat_deg"
    assert w.asked[-1] == RaiseAlarm("a-1", "site-1", "smoke-1", "smoke", w.clock.now())


async def test_send_without_a_body_leaves_unit_and_task_open(w: World) -> None:
    async with w.client(Role.DISPATCHER) as c:
        assert (await c.post("/api/v1/incidents/i-1/send")).status_code == 200
        assert (await c.post("/api/v1/incidents/i-1/send", json={"unit": "u2", "task": "t-1"})).status_code == 200
    assert isinstance(w.asked[0], SendUnit)
    assert w.asked[0].unit is None
    assert w.asked[1] == SendUnit("t-1", "i-1", "dispatcher-1", "u2")


async def test_pages_carry_the_security_headers(w: World) -> None:
    async with w.client() as c:
        page = await c.get("/")
    assert "make setup" in page.text
    csp = page.headers["content-security-policy"]
    for part in ("worker-src 'self' blob:", "img-src 'self' data: blob: https://tiles.example", "object-src 'none'"):
        assert part in csp
    assert page.headers["x-content-type-options"] == "nosniff"


async def test_the_built_map_is_served_with_lasting_assets(tmp_path: Path) -> None:
    (tmp_path / "static" / "assets").mkdir(parents=True)
    (tmp_path / "static" / "index.html").write_text("<p>map</p>")
    (tmp_path / "static" / "assets" / "a-1.js").write_text("1")
    (tmp_path / "secret").write_text("no")
    async with world(tmp_path).client() as c:
        assert (await c.get("/")).headers["cache-control"] == "no-cache"
        assert "immutable" in (await c.get("/assets/a-1.js")).headers["cache-control"]
        assert (await c.get("/%2e%2e/secret")).status_code == 404
        assert (await c.get("/api/v1/map")).status_code == 401


async def test_health_and_metrics(tmp_path: Path) -> None:
    health = {"log": Health(True), "gateway": Health(False, "no answer for 3 s")}
    w = world(tmp_path, health=lambda: health)
    async with w.running(), w.client() as c:
        bad = await c.get("/healthz")
        assert bad.status_code == 503
        assert bad.json()["parts"]["gateway"] == {"ok": False, "says": "no answer for 3 s"}
        health["gateway"] = Health(True)
        assert (await c.get("/healthz")).status_code == 200
        text = (await c.get("/metrics")).text
    assert 'airground_http_requests_total{method="GET",route="/healthz",status="503"} 1.0' in text
    assert "airground_drones 2.0" in text
    assert "airground_gateway_up 1.0" in text
    assert 'airground_stream_fps{drone="d1"} 9.5' in text
    assert 'airground_stream_live{drone="d2"} 0.0' in text
    assert 'airground_stream_lag_seconds{drone="d2"}' not in text


async def test_chips_need_a_purpose_and_something_open_and_are_on_record_first(w: World) -> None:
    await w.log.append(w.clock.now(), sighting("s1"))
    async with w.running(), w.client(Role.PILOT) as c:
        assert (await c.get("/api/v1/sightings/s1/chip.jpg")).status_code == 422
        closed = await c.get("/api/v1/sightings/s1/chip.jpg", params={"purpose": "find the hiker"})
        assert closed.status_code == 403
        assert closed.json()["reasons"][0]["field"] == "reference"
        s = sighting("s1")
        await w.log.append(
            w.clock.now(), IncidentOpened("i-1", IncidentKind.PERSON_SEEN, s.place, s.covariance, "s1", None)
        )
        while "i-1" not in w.live.picture.book.incidents:
            await w.live.ticked()
        fine = await c.get("/api/v1/sightings/s1/chip.jpg", params={"purpose": "find the hiker"})
        assert fine.status_code == 200
        assert fine.content == s.chip
        last = (await w.log.read(w.log.last_seq() - 1))[0].fact
        assert last == ViewGranted("pilot-1", "sighting/s1", "find the hiker", "i-1")
        await w.log.close()
        refused = await c.get("/api/v1/sightings/s1/chip.jpg", params={"purpose": "find the hiker"})
        assert refused.status_code == 503


async def test_the_audit_lists_who_did_what_in_pages(w: World) -> None:
    for i in range(5):
        await w.log.append(w.clock.now(), sighting(f"s{i}"), ViewGranted("ana", f"drone/d{i}", "why not", "s-1"))
    async with w.client(Role.AUDITOR) as c:
        first = (await c.get("/api/v1/audit", params={"limit": 3})).json()
        rest = (await c.get("/api/v1/audit", params={"after": first["next"]})).json()
    every = first["records"] + rest["records"]
    assert [r["what"]["subject"] for r in every] == [f"drone/d{i}" for i in range(5)]
    assert {r["by"] for r in every} == {"ana"}


async def test_accepted_ids_come_back(w: World) -> None:
    w.answer = Accepted("s-77")
    async with w.client(Role.PILOT) as c:
        assert (await c.post("/api/v1/searches/s-77/approve", json={})).json() == {"accepted": True, "id": "s-77"}
