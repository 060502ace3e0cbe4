from __future__ import annotations

import json
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.drone import Aged, Attitude, Autopilot, Battery, DroneState, FlightMode, Velocity
from core.errors import Reason
from core.events import (
    AlarmKind,
    AlarmRaised,
    DroneJoined,
    DronePhaseChanged,
    IncidentKind,
    IncidentOpened,
    MissionUploaded,
    Phase,
    ReplanCause,
    SearchAccepted,
    SearchApproved,
    SearchBettered,
    SearchEnded,
    SearchOutcome,
    SearchPlan,
    SearchRefused,
    SearchReplanned,
    Sector,
    SectorEntered,
    SectorFailed,
    SectorSwept,
    StripSwept,
    UnitSent,
)
from core.footprint import Footprint
from core.geo import Area, Covariance, GeoPoint
from core.units import MetresAmsl, UtcSeconds
from ground.units.places import UnitPlace
from ground.web import picture as picture_module
from ground.web.entities import ellipse_ring
from ground.web.picture import COLLECTIONS, Picture
from tests.core.strategies import facts
from tests.ground.ground_worlds import FRAME, ORIGIN, T0, at, records, sighting, site
from tests.ground.web_world import SETTINGS


def fresh() -> Picture:
    return Picture(SETTINGS.drones, SETTINGS.units, (site(),))


def whole(p: Picture) -> dict:
    made: dict = {c: {} for c in COLLECTIONS}
    for c, i in p.everything():
        made[c][i] = p.entity(c, i)
    return json.loads(msgspec.json.encode(made))


def search() -> list:
    area = Area((at(0, 0), at(200, 0), at(200, 100), at(0, 100)))
    sectors = (Sector("s-1.1", "d1", (at(0, 25), at(200, 25)), 200.0, 20.0), Sector("s-1.2", "d2", (at(0, 75),), 0, 0))
    plan = SearchPlan(50.0, 12.0, 60.0, -90.0, 1.0, sectors)
    return [
        SearchAccepted("s-1", area, plan, "ana"),
        SearchApproved("s-1", "ana"),
        MissionUploaded("s-1", "s-1.1", "d1", 4, "ab"),
        SectorEntered("s-1", "s-1.1", "d1"),
        StripSwept("s-1", "s-1.1", "d1", (at(0, 0), at(100, 0), at(100, 50), at(0, 50))),
        StripSwept("s-1", "s-1.1", "d1", (at(90, 0), at(200, 0), at(200, 50), at(90, 50))),
    ]


def story() -> list:
    s = sighting("s1")
    opened = IncidentOpened("i-s1", IncidentKind.PERSON_SEEN, s.place, s.covariance, "s1", "cam-n")
    return [
        DroneJoined("d1", 7, Autopilot.PX4, "1.17"),
        *search(),
        DronePhaseChanged("d1", Phase.SWEEPING, "entered sector 1"),
        s,
        opened,
        UnitSent("t-1", "i-s1", "u1", 90.0, (at(0, 500), at(0, 0)), "auto"),
        AlarmRaised("a-1", "site-1", "smoke-1", AlarmKind.SMOKE, T0, at(0, 0)),
    ]


def test_the_picture_shows_what_the_contract_names() -> None:
    p = fresh()
    for r in records(*story()):
        p.hear(r)
    p.units_at({"u1": UnitPlace("u1", at(0, 500), T0, 180.0, 3.0)})
    p.tick(T0)
    shown = whole(p)
    assert shown["drones"]["d1"] | {"name": "d1"} == shown["drones"]["d1"]
    drone = shown["drones"]["d1"]
    assert (drone["phase"], drone["search"], drone["sector"], drone["video"]) == ("sweeping", "s-1", "s-1.1", True)
    assert (drone["lat_deg"], drone["mode"], drone["heard_at"]) == (None, None, None)
    s = shown["searches"]["s-1"]
    assert (s["state"], s["by"], s["swept_fraction"]) == ("flying", "ana", 0.5)
    assert [x["state"] for x in s["plan"]["sectors"]] == ["flying", "waiting"]
    assert s["area"]["coordinates"][0][0] == s["area"]["coordinates"][0][-1]
    assert s["swept"]["type"] == "MultiPolygon"
    assert shown["sightings"]["s1"]["incident"] == "i-s1"
    assert shown["incidents"]["i-s1"]["camera"] == "cam-n"
    assert shown["units"]["u1"]["task"] == "t-1"
    assert shown["tasks"]["t-1"]["distance_m"] == pytest.approx(500, abs=1)
    assert shown["tasks"]["t-1"]["bearing_deg"] == pytest.approx(180, abs=0.2)
    sensors = {x["id"]: x["alarm_at"] for x in shown["sites"]["site-1"]["sensors"]}
    assert sensors == {"smoke-1": T0, "gas-1": None}
    assert shown["units"]["u2"]["stale"] is True


def test_a_better_plan_takes_the_place_of_the_first_until_it_is_approved() -> None:
    accepted, approved, *_ = search()
    quicker = replace(accepted.plan, sectors=(replace(accepted.plan.sectors[0], time_s=15.0), accepted.plan.sectors[1]))
    bettered = SearchBettered("s-1", quicker)
    for told, shown_s in (((accepted, bettered), 15.0), ((accepted, approved, bettered), 20.0)):
        p = fresh()
        for r in records(*told):
            p.hear(r)
        assert whole(p)["searches"]["s-1"]["plan"]["sectors"][0]["time_s"] == shown_s


def test_what_was_dealt_again_stands_in_the_place_of_what_it_took_over() -> None:
    p = fresh()
    path = (at(150, 0), at(150, 50))
    shares = (Sector("s-1.3", "d2", path, 50.0, 5.0), Sector("s-1.4", "d2", path, 25.0, 3.0))
    undone = (Sector("s-1.5", "d1", path, 12.0, 2.0),)
    told = SearchReplanned(
        "s-1", ReplanCause.LOST, ("d1",), ("s-1.1",), shares, undone, "d1: not heard for 120 s", "auto"
    )
    facts = [*search(), SectorFailed("s-1", "s-1.1", "d1", "not heard for 120 s"), told]
    for r in records(*facts):
        p.hear(r)
    shown = whole(p)["searches"]["s-1"]
    sectors = [(s["id"], s["drone"], s["state"]) for s in shown["plan"]["sectors"]]
    assert sectors == [
        ("s-1.2", "d2", "waiting"),
        ("s-1.3", "d2", "waiting"),
        ("s-1.4", "d2", "waiting"),
        ("s-1.5", "d1", "failed"),
    ]
    (replan,) = shown["replans"]
    assert (replan["cause"], replan["drones"], replan["undone_m"]) == ("lost", ["d1"], 12.0)
    assert replan["shares"] == [{"drone": "d2", "length_m": 75.0}]
    assert replan["reason"] == "d1: not heard for 120 s"


def test_telemetry_shows_and_ages() -> None:
    p = fresh()
    now = UtcSeconds(T0)
    state = DroneState(
        "d1", 3, Autopilot.ARDUPILOT, now, "4.5.5",
        place=Aged(GeoPoint(42.5, 1.5, MetresAmsl(1250.0)), now), velocity=Aged(Velocity(3.0, 4.0, 0.0), now),
        attitude=Aged(Attitude(-90.0, 0, 0), now), battery=Aged(Battery(0.0), now), armed=Aged(False, now),
        mode=Aged(FlightMode.MISSION, now), above_home_m=Aged(0.0, now),
    )  # fmt: skip
    p.heard(state)
    p.saw(Footprint("d1", now, (at(0, 0), at(10, 0), at(10, 10))))
    p.tick(now)
    shown = p.entity("drones", "d1")
    assert (shown["ground_speed_mps"], shown["heading_deg"], shown["battery_left"]) == (5.0, 270.0, 0.0)
    assert (shown["armed"], shown["in_air"], shown["above_home_m"], shown["lost"]) == (False, None, 0.0, False)
    assert len(shown["footprint"]) == 4
    seen = p.version
    p.tick(UtcSeconds(T0 + 1))
    assert p.changed_since(seen) == []
    p.tick(UtcSeconds(T0 + 3.1))
    assert p.changed_since(seen) == [("drones", "d1")]
    assert p.entity("drones", "d1")["lost"] is True
    assert p.entity("drones", "d1")["footprint"] is None


def test_a_search_that_ends_frees_its_drones_and_a_refused_one_says_why() -> None:
    p = fresh()
    told = [*search(), SectorSwept("s-1", "s-1.1", "d1"), SearchEnded("s-1", SearchOutcome.SWEPT, "auto"),
            SearchRefused("s-2", (Reason("area", "crosses itself", "redraw it"),), "ana"),
            SearchRefused("s-1", (Reason("id", "taken"),), "ana")]  # fmt: skip
    for r in records(*told):
        p.hear(r)
    shown = whole(p)
    assert shown["drones"]["d1"]["search"] is None
    assert (shown["searches"]["s-1"]["state"], shown["searches"]["s-1"]["outcome"]) == ("ended", "swept")
    assert shown["searches"]["s-2"]["reasons"] == [{"field": "area", "problem": "crosses itself", "fix": "redraw it"}]


def test_a_replay_gives_the_picture_of_a_viewer_that_followed_live() -> None:
    live, viewer = fresh(), {c: {} for c in COLLECTIONS}
    since = 0
    for r in records(*story()):
        live.hear(r)
        live.tick(UtcSeconds(r.at))
        for c, i in live.changed_since(since):
            viewer[c][i] = live.entity(c, i)
        since = live.version
    replay = fresh()
    for r in records(*story()):
        replay.hear(r)
    replay.tick(live.now)
    assert json.loads(msgspec.json.encode(viewer)) == whole(replay) == whole(live)


@given(st.lists(facts, max_size=25), st.integers(0, 25))
@settings(deadline=None, max_examples=30)
def test_any_facts_in_any_order_fold_and_a_viewer_that_joins_anywhere_ends_with_the_same(made, cut: int) -> None:
    p = fresh()
    viewer: dict = {c: {} for c in COLLECTIONS}
    since = 0
    for n, r in enumerate(records(*made)):
        p.hear(r)
        if n == cut:
            viewer, since = {c: dict(v) for c, v in whole(p).items()}, p.version
    p.tick(UtcSeconds(T0))
    for c, i in p.changed_since(since):
        entity = p.entity(c, i)
        viewer[c].pop(i, None) if entity is None else viewer[c].__setitem__(i, json.loads(msgspec.json.encode(entity)))
    assert viewer == whole(p)


def test_old_sightings_leave_and_who_missed_that_needs_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(picture_module.KEPT, "sightings", 3)
    p = fresh()
    p.tick(T0)
    for r in records(*(sighting(f"s{i}") for i in range(5))):
        p.hear(r)
    seen = p.version
    assert set(whole(p)["sightings"]) == {"s2", "s3", "s4"}
    assert p.entity("sightings", "s0") is None
    assert {("sightings", "s0"), ("sightings", "s1")} <= set(p.changed_since(0))
    p.tick(UtcSeconds(T0 + 61))
    assert ("sightings", "s0") not in p.changed_since(0)
    assert 0 < p.forgotten <= seen


@given(st.floats(0.5, 80), st.floats(0.5, 80), st.floats(-0.95, 0.95))
@settings(deadline=None, max_examples=50)
def test_the_ring_is_the_95_percent_ellipse(a: float, b: float, r: float) -> None:
    c = Covariance(a * a, r * a * b, b * b)
    ring = ellipse_ring(ORIGIN, c)
    assert ring[0] == ring[-1]
    xy = FRAME.to_xy_many(np.array(ring))
    m = np.array([[c.ee_m2, c.en_m2], [c.en_m2, c.nn_m2]])
    d2 = np.einsum("ni,ij,nj->n", xy, np.linalg.inv(m), xy)
    tight = 0.02 * max(1.0, max(a, b) / min(a, b)) / min(a, b, 1.0) + 0.05 / (1 - r * r)
    assert np.allclose(d2, 5.9915, rtol=max(0.02, tight))
