"""Coverage is the exact union of what cameras saw; gaps and seen ground make up the area, and nothing is claimed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon

from core.camera import THERMAL_640
from core.errors import Accepted, Malformed
from core.events import (
    Fact,
    Recorded,
    ReplanCause,
    SearchAccepted,
    SearchEnded,
    SearchOutcome,
    SearchPlan,
    SearchReplanned,
    Sector,
    SectorEntered,
    SectorFailed,
    SectorSwept,
    StripSwept,
)
from core.geo import Area, LatLon, LocalFrame
from core.ids import DroneId, PersonName, SearchId, SectorId
from core.io.log.memory import MemoryLog
from core.roles import Role
from core.units import UtcSeconds
from flightops.coverage.answers import coverage_json
from flightops.coverage.book import CoverageBook
from flightops.coverage.flown import SAME_CASE_S, FlownSearches
from flightops.coverage.land import woods_from
from flightops.coverage.seen import Coverage, Means, coverage_of, gaps_in
from flightops.planning.area import checked_area
from tests.ground.ground_worlds import HandClock
from tests.ground.web_world import world

FRAME = LocalFrame(LatLon(28.8885, 120.036))
HERE = SearchId("s1")
WHO, DRONE = PersonName("chen"), DroneId("d1")
WIDE, TALL, SWATH = 400.0, 200.0, 40.0
OUTLINE = shapely.box(0.0, 0.0, WIDE, TALL)
MEANS = Means(THERMAL_640, 36.0)
LATER = UtcSeconds(50_000.0)
CLOCK = HandClock(LATER)


def ring(polygon: Polygon) -> tuple[LatLon, ...]:
    return tuple(FRAME.to_latlon(x, y) for x, y in np.asarray(polygon.exterior.coords)[:-1])


def sector(k: int, search: SearchId = HERE) -> Sector:
    """Line k of the area: 40 m tall, flown along its middle."""
    y = SWATH * (k + 0.5)
    path = (FRAME.to_latlon(20.0, y), FRAME.to_latlon(WIDE - 20.0, y))
    return Sector(SectorId(f"{search}.{k}"), DRONE, path, 360.0, 36.0)


def accepted(search: SearchId = HERE, area: Polygon = OUTLINE) -> SearchAccepted:
    plan = SearchPlan(SWATH, 12.0, 60.0, -90.0, 0.995, tuple(sector(k, search) for k in range(5)))
    return SearchAccepted(search, Area(ring(area)), plan, WHO)


def strip(shape: Polygon, k: int = 0, search: SearchId = HERE) -> StripSwept:
    return StripSwept(search, SectorId(f"{search}.{k}"), DRONE, ring(shape))


def swept(k: int, search: SearchId = HERE) -> SectorSwept:
    return SectorSwept(search, SectorId(f"{search}.{k}"), DRONE)


def folded(facts: Iterable[Fact], at: float = 1000.0) -> FlownSearches:
    book = FlownSearches()
    for seq, fact in enumerate(facts, start=1):
        book.hear(Recorded(seq, UtcSeconds(at + seq), fact))
    return book


def found(facts: Iterable[Fact], means: Means = MEANS) -> Coverage:
    book = folded(facts)
    asked = book.search(HERE)
    assert asked is not None
    return coverage_of(asked, book.beside(asked), asked.over_by(LATER), means)


def lonlat_ring(told: Coverage, gap: Polygon) -> tuple[LatLon, ...]:
    places = told.frame.to_lonlat_many(shapely.get_coordinates(gap.exterior))
    return tuple(LatLon(float(lat), float(lon)) for lon, lat in places)


boxes = st.lists(
    st.tuples(st.floats(-50, 420), st.floats(-50, 220), st.floats(3, 200), st.floats(3, 90)), min_size=0, max_size=12
)


@settings(deadline=None, max_examples=20)
@given(boxes, st.randoms(use_true_random=False))
def test_seen_and_gaps_make_up_the_area_whatever_was_seen(
    seen: list[tuple[float, float, float, float]], shuffled: object
) -> None:
    shapes = [shapely.box(x, y, x + w, y + h) for x, y, w, h in seen]
    strips = [strip(s) for s in shapes]
    shuffled.shuffle(strips)  # type: ignore[attr-defined]
    told = found([accepted(), *strips, *strips[:3], SearchEnded(HERE, SearchOutcome.STOPPED, WHO)])
    union = shapely.union_all([*shapes, Polygon()]).intersection(OUTLINE)
    assert told.seen == pytest.approx(union.area / OUTLINE.area, abs=2e-4)
    missed = OUTLINE.difference(union)
    gaps_m2 = sum(g.area for g in told.gaps)
    left_out = missed.difference(missed.buffer(-0.5).buffer(1.0))
    assert gaps_m2 <= missed.area + 0.06 * missed.length + 1.0
    assert gaps_m2 >= missed.area - left_out.area - 0.3 * missed.length - 5.0 * (len(shapely.get_parts(missed)) + 1)
    area = checked_area(Area(ring(OUTLINE))).polygon
    for gap in told.gaps:
        assert gap.is_valid
        assert gap.area >= 5.0
        assert not gap.buffer(-0.4).is_empty, "a metre wide somewhere"
    for again in told.again:
        assert shapely.covers(area, again), "never outside the area asked"
    if told.gaps:
        assert 1 <= len(told.again) <= 3
        unflown = shapely.difference(shapely.union_all(list(told.gaps)), shapely.union_all(list(told.again)))
        assert unflown.area <= 0.06 * area.length + 0.01 * gaps_m2
    assert 0.0 <= told.pods.random <= told.pods.inverse_cube <= told.seen + 1e-2


def test_only_sectors_that_are_over_have_gaps() -> None:
    upper = strip(shapely.box(0, 40, WIDE, 80), 1)
    flying = [accepted(), SectorEntered(HERE, SectorId("s1.0"), DRONE), upper]
    assert found(flying).gaps == ()
    told = found([*flying, swept(0)])
    assert sum(g.area for g in told.gaps) == pytest.approx(WIDE * SWATH, rel=0.03), (
        "less what its line's round ends leave"
    )
    assert not told.over
    failed = SectorFailed(HERE, SectorId("s1.0"), DRONE, "low battery")
    assert len(found([*flying, failed]).gaps) == 1
    assert found([*flying, swept(0), SectorEntered(HERE, SectorId("s1.0"), DRONE)]).gaps == (), "it is flown again"
    ended = found([*flying, SearchEnded(HERE, SearchOutcome.STOPPED, WHO)])
    assert ended.over
    assert sum(g.area for g in ended.gaps) == pytest.approx(WIDE * (TALL - SWATH), rel=0.01)


def test_what_is_dealt_again_is_no_gap_until_its_turn_is_over() -> None:
    """Of a sector given up half-way what it missed is a gap; the rest is its new sectors' to see, or nobody's."""
    left = shapely.box(0, 0, 100, 40)
    failed = SectorFailed(HERE, SectorId("s1.0"), DRONE, "low battery")
    gone = [accepted(), strip(left), failed]
    y = SWATH / 2.0
    dealt, undone = (
        Sector(SectorId(f"s1.{k}"), DRONE, (FRAME.to_latlon(a, y), FRAME.to_latlon(b, y)), b - a, 10.0)
        for k, a, b in ((5, 200.0, 280.0), (6, 320.0, 380.0))
    )
    told = SearchReplanned(
        HERE, ReplanCause.BATTERY, (DRONE,), (SectorId("s1.0"),), (dealt,), (undone,), "low battery", WHO
    )
    assert sum(g.area for g in found(gone).gaps) == pytest.approx(300 * SWATH, rel=0.03)
    flown, nobodys, missed = (shapely.box(x, 2, x + 60, 38) for x in (210, 320, 110))

    def gap_m2(facts: list[Fact], where: Polygon) -> float:
        after = found(facts)
        gaps = [Polygon([FRAME.to_xy(p) for p in lonlat_ring(after, g)]) for g in after.gaps]
        return float(shapely.union_all(gaps).intersection(where).area)

    after = [*gone, told]
    assert gap_m2(after, flown) < 1.0, "it is to be flown"
    assert gap_m2(after, nobodys) > 2000.0
    assert gap_m2(after, missed) > 2000.0, "it was given up, and nobody is to fly it again"
    assert not found(after).over
    done = [*after, SectorSwept(HERE, dealt.sector, DRONE), *(swept(k) for k in range(1, 5))]
    assert found(done).over
    assert gap_m2(done, flown) > 2000.0, "its turn is over and nothing of it was seen"


def test_nothing_is_a_gap_before_the_last_strips_are_in() -> None:
    book = folded([accepted(), *(swept(k) for k in range(4)), SearchEnded(HERE, SearchOutcome.SWEPT, WHO)], at=1000.0)
    asked = book.search(HERE)
    assert asked is not None
    assert asked.over_by(UtcSeconds(1005.0)) == frozenset()
    assert asked.over_by(UtcSeconds(1006.5)) == {SectorId("s1.0")}
    assert len(asked.over_by(UtcSeconds(1010.0))) == 5
    assert coverage_of(asked, (), frozenset(), MEANS).gaps == ()


def test_slivers_and_specks_are_left_out() -> None:
    sliver, speck = shapely.box(0, 0, 100, 0.8), shapely.box(200, 0, 202, 2)
    plain, notched = shapely.box(0, 50, 20, 52), shapely.box(100, 50, 120, 60)
    kept = gaps_in(shapely.union_all([sliver, speck, plain, notched]))
    assert [round(g.area) for g in kept] == [200, 40]


def test_pods_follow_coverage_and_sweeps_add_up() -> None:
    everything = strip(OUTLINE)
    c = 36.0 / SWATH
    random, cube = 1 - math.exp(-c), math.erf(math.sqrt(math.pi) / 2 * c)
    once = found([accepted(), everything])
    assert once.seen == pytest.approx(1.0, abs=1e-3)
    assert once.pods.random == pytest.approx(random, abs=2e-3)
    assert once.pods.inverse_cube == pytest.approx(cube, abs=2e-3)
    second = SearchId("s2")
    twice = found([accepted(), everything, accepted(second), strip(OUTLINE, 0, second)])
    assert twice.pods == once.pods
    assert twice.sweeps == (HERE, second)
    assert twice.pods_of_all.random == pytest.approx(1 - (1 - random) ** 2, abs=2e-3)


def test_gaps_that_a_later_search_saw_are_none() -> None:
    half, rest = shapely.box(0, 0, 200, TALL), shapely.box(190, 0, WIDE, TALL)
    end = SearchEnded(HERE, SearchOutcome.SWEPT, WHO)
    first = found([accepted(), strip(half), end])
    assert len(first.gaps) == 1
    second = SearchId("s2")
    both = found([accepted(), strip(half), end, accepted(second, rest), strip(rest, 0, second)])
    assert both.gaps == ()
    assert both.seen == first.seen == pytest.approx(0.5, abs=1e-3)
    assert both.seen_by_all == pytest.approx(1.0, abs=1e-3)


def test_a_search_of_another_day_sees_nothing_for_this_one() -> None:
    book = FlownSearches()
    book.hear(Recorded(1, UtcSeconds(10.0), accepted(SearchId("old"))))
    book.hear(Recorded(2, UtcSeconds(11.0), strip(OUTLINE, 0, SearchId("old"))))
    book.hear(Recorded(3, UtcSeconds(12.0 + SAME_CASE_S), accepted()))
    book.hear(Recorded(3, UtcSeconds(12.0 + SAME_CASE_S), strip(OUTLINE)))
    asked = book.search(HERE)
    assert asked is not None
    assert asked.strips == [], "a record heard before changes nothing"
    assert book.beside(asked) == ()


def basemap(**told: object) -> dict[str, object]:
    lonlat = [[p.lon_deg, p.lat_deg] for p in ring(shapely.box(-100, -100, WIDE / 2, TALL + 100))]
    geometry = {"type": "Polygon", "coordinates": [[*lonlat, lonlat[0]]]}
    return {"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"kind": "forest", **told}, "geometry": geometry},
        {"type": "Feature", "properties": None, "geometry": None},
        {"type": "Feature", "properties": {"kind": "forest"}, "geometry": {"type": "Polygon", "coordinates": [[1]]}},
    ]}  # fmt: skip


def test_canopy_lowers_pod_only_where_it_is_known() -> None:
    facts = [accepted(), strip(OUTLINE)]
    bare = found(facts)
    known = found(facts, Means(THERMAL_640, 36.0, woods_from(basemap(canopy=0.8))))
    assert known.seen == bare.seen
    assert known.canopy_known == pytest.approx(0.5, abs=1e-3)
    assert known.through_canopy == pytest.approx(0.5 + 0.5 * 0.2, abs=2e-3)
    assert known.pods.random == pytest.approx(0.6 * bare.pods.random, abs=3e-3)
    unknown = found(facts, Means(THERMAL_640, 36.0, woods_from(basemap())))
    assert unknown.through_canopy is None
    assert unknown.canopy_unknown == pytest.approx(0.5, abs=1e-3)
    assert unknown.pods == bare.pods
    assert (bare.through_canopy, bare.canopy_known, bare.canopy_unknown) == (None, 0.0, 0.0)


@pytest.mark.parametrize("canopy", ["thick", -0.1, 1.5, float("nan"), True])
def test_a_canopy_that_is_none_is_refused_by_name(canopy: object) -> None:
    with pytest.raises(Malformed) as told:
        woods_from(basemap(canopy=canopy))
    assert told.value.field == "features[0].properties.canopy"


def test_woods_need_no_basemap() -> None:
    assert woods_from(None) == ()
    assert woods_from({"features": "none"}) == ()


@pytest.mark.parametrize("width", [0.0, -1.0, float("nan"), 1e9])
def test_a_sweep_width_that_is_none_is_refused(width: float) -> None:
    with pytest.raises(Malformed, match="sweep_width_m"):
        Means(THERMAL_640, width)


def test_a_formula_stands_in_for_a_width_that_nobody_measured() -> None:
    told = found([accepted(), strip(OUTLINE)], Means(THERMAL_640))
    assert told.width_m == pytest.approx(2 * 60 * math.tan(math.radians(22.5)), rel=1e-3)


def test_many_gaps_become_one_search_over_their_hull() -> None:
    holes = [shapely.box(x, 10, x + 5, 15) for x in range(10, 400, 60)]
    seen = shapely.difference(OUTLINE, shapely.union_all(holes))
    pieces = [
        p for x in range(0, 400, 20) for p in shapely.get_parts(seen.intersection(shapely.box(x, 0, x + 20, TALL)))
    ]
    told = found(
        [accepted(), *(strip(p) for p in pieces if not p.interiors), SearchEnded(HERE, SearchOutcome.SWEPT, WHO)]
    )
    assert len(told.gaps) >= 4
    assert len(told.again) == 1


async def test_the_route_answers_with_geojson_and_searches_that_can_be_posted(tmp_path: Path) -> None:
    log = MemoryLog()
    book = CoverageBook(log, MEANS, CLOCK)
    w = world(tmp_path, log=log, coverage=book)
    async with w.client(Role.UNIT) as c:
        assert (await c.get("/api/v1/searches/s1/coverage")).status_code == 404
        half = shapely.box(0, 0, 200, TALL)
        await log.append(UtcSeconds(5.0), accepted(), strip(half), SearchEnded(HERE, SearchOutcome.STOPPED, WHO))
        answer = await c.get("/api/v1/searches/s1/coverage")
    assert answer.status_code == 200
    told = answer.json()
    assert told["type"] == "FeatureCollection"
    assert told["figures"]["seen"] == pytest.approx(0.5, abs=1e-3)
    assert told["figures"]["gaps"] == len(told["features"]) == 1
    (body,) = told["again"]
    w.answer = Accepted("s2")
    async with w.client(Role.PILOT) as c:
        posted = await c.post("/api/v1/searches", json={"id": "s2", **body})
    assert posted.status_code == 200, posted.text
    (wish,) = w.asked
    assert wish.swath_m == SWATH
    assert checked_area(wish.area).polygon.area == pytest.approx(WIDE / 2 * TALL + SWATH / 2 * TALL, rel=0.02)


async def test_the_book_follows_the_record_and_works_out_only_what_changed() -> None:
    log = MemoryLog()
    book = CoverageBook(log, MEANS, CLOCK)
    assert await book.coverage(HERE) is None
    await log.append(UtcSeconds(5.0), accepted())
    first = await book.coverage(HERE)
    assert first is not None
    assert first["figures"]["seen"] == 0.0
    assert await book.coverage(HERE) is first
    await log.append(UtcSeconds(6.0), strip(OUTLINE))
    second = await book.coverage(HERE)
    assert second is not None
    assert second["figures"]["seen"] > 0.99
    json.dumps(second, allow_nan=False)
    assert coverage_json(found([accepted(), strip(OUTLINE)]))["figures"] == second["figures"]
