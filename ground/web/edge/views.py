"""Views of cameras need an open incident or search and a purpose, and are in the audit log first (DESIGN section 5)."""

from __future__ import annotations

from typing import Annotated

import structlog
from fastapi import Query

from core.errors import Fault, Reason
from core.events import ViewGranted
from core.ids import IncidentId, PersonName, SearchId
from ground.web.edge.answers import Denied
from ground.web.parts import WebParts
from ground.web.picture import Picture

LOG = structlog.get_logger(__name__)
MAX_PURPOSE = 200
Purpose = Annotated[str, Query(min_length=3, max_length=MAX_PURPOSE)]


def open_reference(picture: Picture, reference: str) -> bool:
    """Whether an id names an open search or a live incident."""
    search = picture.searches.get(SearchId(reference))
    if search is not None:
        return search.state in ("planned", "flying")
    incident = picture.book.incidents.get(IncidentId(reference))
    return incident is not None and incident.live


async def grant(parts: WebParts, by: PersonName, subject: str, purpose: str, reference: str) -> None:
    """Returns once the view is on record. Raises Denied: 403 without purpose or reference, 503 when not kept."""
    if not 3 <= len(purpose.strip()) <= MAX_PURPOSE:
        raise Denied(403, Reason("purpose", "no purpose", f"say why, in 3 to {MAX_PURPOSE} characters"))
    if not open_reference(parts.live.picture, reference):
        problem = f"{reference[:64]} is no open search or incident" if reference else "no open search or incident"
        raise Denied(403, Reason("reference", problem, "views belong to an open search or incident: name one"))
    try:
        await parts.log.append(parts.clock.now(), ViewGranted(by, subject, purpose.strip(), reference))
    except Fault as e:
        LOG.error("web: a view was refused, the audit log can't be written", fault=str(e))
        reason = Reason(
            "audit", "the view can't be recorded, so it is refused", "see the server's log; free some disk?"
        )
        raise Denied(503, reason) from e
