"""PictureService: the record, as far as the caller may see it.

Image chips are camera views, which need a purpose and leave an audit entry (DESIGN section 5); this service carries
none of them. Audit facts (who looked, who signed in) go to those who may read the audit. A record that is held back
keeps its number and time with an empty fact, so that the order has no gaps.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from core.errors import Malformed
from core.events import Fact, Recorded, SightingMade, SignedIn, ViewGranted
from core.io import wire
from core.log import EventLog
from core.roles import Operation, Principal
from flightops.server.doors import Authorise, Context, admit, answering
from proto.airground.v1 import picture_pb2, picture_pb2_grpc

DEFAULT_LIMIT = 1000
LARGEST_LIMIT = 5000


class PictureService(picture_pb2_grpc.PictureServiceServicer):  # type: ignore[misc, unused-ignore]
    """Reads the EventLog; a slow caller is waited for (its own call only), none of its records is lost."""

    def __init__(self, log: EventLog, authorise: Authorise) -> None:
        self._log, self._authorise = log, authorise

    async def GetSnapshot(self, request: Any, context: Context) -> Any:
        who = await admit(context, self._authorise, Operation.SEE_PICTURE)
        answer = picture_pb2.GetSnapshotResponse()
        async with answering(context):
            after = _not_negative("after", request.after)
            limit = min(_not_negative("limit", request.limit) or DEFAULT_LIMIT, LARGEST_LIMIT)
            for record in await self._log.read(after, limit):
                _put(answer.records.add(), record, who)
            answer.last_seq = self._log.last_seq()
        return answer

    async def StreamPicture(self, request: Any, context: Context) -> AsyncIterator[Any]:
        who = await admit(context, self._authorise, Operation.SEE_PICTURE)
        async with answering(context):
            after = _not_negative("after", request.after)
        async for record in self._log.follow(after):
            answer = picture_pb2.StreamPictureResponse()
            _put(answer.record, record, who)
            yield answer


def _not_negative(field: str, value: int) -> int:
    if value < 0:
        raise Malformed(field, f"{value} is below 0", "start at 0")
    return value


def _put(message: Any, record: Recorded, who: Principal) -> None:
    message.seq, message.at = record.seq, record.at
    fact: Fact = record.fact
    if isinstance(fact, ViewGranted | SignedIn) and not who.may(Operation.READ_AUDIT):
        return
    if isinstance(fact, SightingMade):
        fact = replace(fact, chip=b"")
    message.fact.ParseFromString(wire.encode(fact))
