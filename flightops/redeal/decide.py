"""What a deal means for the fleet, as facts. Pure; things may have changed while it was worked out."""

from __future__ import annotations

from core.events import AUTO, Fact, SearchReplanned, Sector
from core.ids import SectorId
from core.units import UtcSeconds
from flightops.fleet.messages import Dealt
from flightops.fleet.state import FleetState, Search, SearchStage, SectorStage
from flightops.fleet.wishes import not_free
from flightops.redeal.asked import takers_of, waiting_behind
from flightops.redeal.deal import Share


def decide_dealt(fleet: FleetState, dealt: Dealt, now: UtcSeconds) -> tuple[Fact, ...]:
    """SearchReplanned; nothing when a rest or a drone is no longer what the deal was made for: it is made anew."""
    search = fleet.searches.get(dealt.search)
    if search is None or search.stage is not SearchStage.FLYING or not _still_holds(fleet, search, dealt, now):
        return ()
    count = len(search.sectors)
    shares = [*dealt.deal.shares, *dealt.deal.undone]
    sectors = tuple(_sector(search, count + k, share) for k, share in enumerate(shares, start=1))
    given = len(dealt.deal.shares)
    reason = "; ".join(dict.fromkeys([dealt.reason, *(s.reason for s in dealt.deal.undone)]))
    told = (dealt.search, dealt.cause, dealt.drones, dealt.deal.of)
    return (SearchReplanned(*told, sectors[:given], sectors[given:], reason, dealt.by),)


def _still_holds(fleet: FleetState, search: Search, dealt: Dealt, now: UtcSeconds) -> bool:
    if not dealt.deal.of:
        return False
    behind = {s.sector.sector for s in waiting_behind(search)}
    for sector in dealt.deal.of:
        status = search.status(sector)
        if status is None or not (status.stage is SectorStage.FAILED or sector in behind):
            return False
    flying = {d.drone for d in takers_of(search, fleet, dealt.states)}
    launched = {s.drone for s in dealt.deal.shares} - flying
    if dealt.by == AUTO:
        return not launched
    return all(d in dealt.drones and not_free(fleet, d, dealt.states, now) is None for d in launched)


def _sector(search: Search, number: int, share: Share) -> Sector:
    id_ = SectorId(f"{search.search}.{number}")
    return Sector(id_, share.drone, share.path, share.length_m, share.time_s)
