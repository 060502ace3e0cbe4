"""One of three drones falls or runs low in mid-sweep; the others fly what it left, over real MAVLink.

The second takes a further mission on board in the air, once of each autopilot family. What was flown is measured by
true positions.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import shapely

from core.commands import ApproveSearch, SearchArea
from core.drone import Autopilot
from core.errors import Accepted
from core.events import MissionUploaded, Phase, ReplanCause, SearchOutcome, SearchReplanned, SectorFailed, SectorSwept
from core.geo import Area
from core.ids import DroneId, SearchId
from flightops.fleet.state import SearchStage
from flightops.missions.heights import NEAR_M, STACK_M
from tests.flightops.missions.airfield import FRAME, PILOT, SLOPE, Flown, accepted, airfield

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(400)]

WIDE_M, DEEP_M, SWATH_M, HEIGHT_M = 192.0, 160.0, 32.0, 25.0
"""Lines and drones stand over 30 m apart, so that all start within 20 s of one another."""
CORNERS = ((30.0, 30.0), (30.0 + WIDE_M, 30.0), (30.0 + WIDE_M, 30.0 + DEEP_M), (30.0, 30.0 + DEEP_M))
D1, D2, D3 = DroneId("d1"), DroneId("d2"), DroneId("d3")
LINE_OFF_M = 3.0
"""A drone may be so far off its line (GNSS, corners): so much of the area's edge is not judged."""


def order(search: str) -> SearchArea:
    area = Area(tuple(FRAME.to_latlon(x, y) for x, y in CORNERS))
    return SearchArea(SearchId(search), area, PILOT, (D1, D2, D3), HEIGHT_M, 10.0, swath_m=SWATH_M)


async def falls(f: Flown) -> None:
    f.fleet.kill(3)


async def runs_low(f: Flown) -> None:
    f.fleet.set_battery(3, 0.16)


@pytest.mark.parametrize(
    ("port", "families", "leaves", "cause"),
    [
        (24201, (Autopilot.PX4, Autopilot.ARDUPILOT, Autopilot.PX4), falls, ReplanCause.FAILED),
        pytest.param(
            24211,
            (Autopilot.ARDUPILOT, Autopilot.PX4, Autopilot.PX4),
            runs_low,
            ReplanCause.BATTERY,
            marks=pytest.mark.long,
        ),
    ],
)
async def test_the_others_finish_its_sector(
    tmp_path: Path,
    port: int,
    families: tuple[Autopilot, ...],
    leaves: Callable[[Flown], object],
    cause: ReplanCause,
) -> None:
    async with airfield(tmp_path, port, *families, apart_m=40.0) as f:
        await f.until("all joined", lambda: len(f.desk.fleet.drones) == 3, 15)
        search = await accepted(f, order)
        assert await f.desk.ask(ApproveSearch(search, PILOT)) == Accepted(search)

        def third_flown_m() -> float:
            return max((s.flown_m for s in f.desk.fleet.searches[search].sectors if s.sector.drone == D3), default=0.0)

        await f.until("the third is in mid-sweep", lambda: third_flown_m() > 50.0, 120)
        await leaves(f)  # type: ignore[misc]
        await f.until("the end", lambda: f.desk.fleet.searches[search].stage is SearchStage.ENDED, 200)
        facts = [r.fact for r in await f.log.read(0, 10_000)]
        assert f.desk.fleet.searches[search].outcome is SearchOutcome.SWEPT
        (told,) = [x for x in facts if isinstance(x, SearchReplanned)]
        assert (told.cause, told.drones, told.undone) == (cause, ("d3",), ())
        assert {x.drone for x in facts if isinstance(x, SectorFailed)} == {D3}
        dealt = {s.sector for s in told.sectors}
        assert dealt == {x.sector for x in facts if isinstance(x, SectorSwept)} & dealt
        assert dealt == {x.sector for x in facts if isinstance(x, MissionUploaded)} & dealt
        assert {s.drone for s in told.sectors} <= {D1, D2}
        assert told.sectors, "with all of it undone the search would have failed"
        assert flown_share(f) > 0.98
        apart_while_flying(f)


def flown_share(f: Flown) -> float:
    """Of the area, what true places at sweep height passed within half a swath; ten places a second."""
    seen = []
    for number in (1, 2, 3):
        swept = [t for phase, t in f.truths if t.system_id == number and phase is Phase.SWEEPING][::2]
        for a, b in pairwise(swept):
            above = [float(t.place.alt_amsl_m) - float(SLOPE.height_amsl_m(t.place.ground) or 0.0) for t in (a, b)]
            leg = (FRAME.to_xy(a.place), FRAME.to_xy(b.place))
            if max(above) < HEIGHT_M + 8.0 and 0.01 < np.hypot(*np.subtract(*leg)) < 5.0:
                seen.append(shapely.LineString(leg).buffer(SWATH_M / 2.0, cap_style="square"))
    area = shapely.Polygon(CORNERS).buffer(-LINE_OFF_M)
    return float(shapely.union_all(seen).intersection(area).area / area.area)


def apart_while_flying(f: Flown) -> None:
    """At one moment no two that fly a mission are near both from above and in height."""
    at: dict[int, dict[int, tuple[float, float, float]]] = {}
    for phase, t in f.truths:
        if phase in (Phase.TRANSIT, Phase.SWEEPING):
            place = (*FRAME.to_xy(t.place), float(t.place.alt_amsl_m))
            at.setdefault(round(t.at * 5), {})[t.system_id] = place
    worst = min(
        (
            max(np.hypot(a[0] - b[0], a[1] - b[1]) / 10.0, abs(a[2] - b[2]) / STACK_M)
            for now in at.values()
            for i, a in now.items()
            for j, b in now.items()
            if i < j
        ),
        default=9.0,
    )
    assert worst > 0.5, f"two came within {worst:.2f} of 10 m and a layer; NEAR_M is {NEAR_M}"
