"""What one of three drones leaves at a random place is dealt to the other two, as the flight desk asks for it.

usage: python -m bench.redeal [--areas ../shared/bench/planning/areas_dev.geojson] [--cuts 4] [--seed 3]

Lost: share of the ground under the rest that no share covers, by unions of buffered legs. Beyond: metres dealt over the
metres left. Undone: metres said to be flown by nobody.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import shapely

from bench.replan import Planned, planned
from core.errors import Refused
from core.geo import Floats, LatLon, LocalFrame
from core.ids import DroneId, SectorId
from flightops.planning.area import checked_area
from flightops.planning.paths.timing import flight_s, length_m
from flightops.planning.paths.verify import footprint
from flightops.planning.replan.lots import remaining
from flightops.redeal.deal import DealAsked, Rest, Taker
from flightops.redeal.geometry import dealt

ENDURANCE_S = 1e5


def places(path: Floats, frame: LocalFrame) -> tuple[LatLon, ...]:
    """(n, 2) metres as places."""
    return tuple(LatLon(float(lat), float(lon)) for lon, lat in frame.to_lonlat_many(path))


def measured(plan: Planned, gone: int, share: float) -> tuple[float, float, float, float]:
    """Seconds of processor, % lost, metres beyond, metres undone."""
    frame = checked_area(plan.request.area).frame
    pace = plan.request.pace
    low = plan.polygon.bounds
    home = places(np.array([[low[0] - 30.0, low[1] - 30.0]]), frame)[0]
    path = plan.paths[gone]
    rest = Rest(SectorId("s.1"), DroneId(f"d{gone}"), places(path, frame), share * length_m(path))
    takers = tuple(
        Taker(DroneId(f"d{k}"), places(p[-1:], frame)[0], home, (1.0 - share) * flight_s(p, pace) + 30.0, ENDURANCE_S)
        for k, p in enumerate(plan.paths)
        if k != gone
    )
    began = time.process_time()
    deal = dealt(DealAsked(plan.request.area, plan.swath_m, pace.speed_mps, (rest,), takers))
    took = time.process_time() - began
    if isinstance(deal, Refused):
        raise SystemExit(f"{plan.name}: {deal}")
    left = remaining(path, rest.from_m)
    given = [frame.to_xy_many(np.array([[p.lon_deg, p.lat_deg] for p in s.path])) for s in deal.shares]
    ground = footprint((left,), plan.swath_m)
    missed = ground.difference(footprint(tuple(given), plan.swath_m)).area if given else ground.area
    undone = sum(s.length_m for s in deal.undone)
    beyond = sum(s.length_m for s in deal.shares) + undone - length_m(left)
    return took, 100.0 * missed / ground.area, beyond, undone


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--areas", type=Path, default=Path("../shared/bench/planning/areas_dev.geojson"))
    ask.add_argument("--cuts", type=int, default=4, help="a area")
    ask.add_argument("--seed", type=int, default=3)
    told = ask.parse_args()
    rng = np.random.default_rng(told.seed)
    rows = []
    for feature in json.loads(told.areas.read_text())["features"]:
        about = feature["properties"]
        plan = planned(about["id"], shapely.geometry.shape(feature["geometry"]), float(about["swath_m"]), 3)
        rows += [measured(plan, int(rng.integers(len(plan.paths))), rng.uniform(0.0, 0.95)) for _ in range(told.cuts)]
    table = np.array(rows)
    for k, name in enumerate(("cpu_s", "lost_percent", "beyond_m", "undone_m")):
        print(f"{name:13s} mean {table[:, k].mean():9.4f}  worst {table[:, k].max():9.4f}  of {len(table)}")


if __name__ == "__main__":
    main()
