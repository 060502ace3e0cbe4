"""The gRPC server over a real channel on loopback."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import grpc
import pytest
import pytest_asyncio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from core.camera import Pose
from core.commands import ApproveSearch, Hold, JoinSearch, SearchArea
from core.drone import DroneState
from core.errors import Accepted, Fault, Refused
from core.events import Box, DroneJoined, Recorded, SearchAccepted, SightingMade, SignedIn, ViewGranted
from core.geo import Covariance, GeoPoint, LatLon
from core.ids import DroneId, PersonName, SearchId, SightingId, TrackId
from core.io import wire
from core.io.log.memory import MemoryLog
from core.roles import ALLOWED, Operation, Principal, Role
from core.units import MetresAmsl, UtcSeconds
from flightops.fleet.fold import fold
from flightops.fleet.messages import Wish
from flightops.fleet.state import FleetState
from flightops.server.flight import FlightSource
from flightops.server.serve import SERVICES, GrpcServer
from proto.airground.v1 import flight_pb2, flight_pb2_grpc, picture_pb2, picture_pb2_grpc, types_pb2
from tests.flightops.missions.flying import AREA, FakeClock, plan_for, state

PORT = 24011
CLOCK = FakeClock()


@dataclass
class FakeDesk:
    """Answers as told and keeps what was asked."""

    asked: list[Wish] = field(default_factory=list)
    answer: Accepted | Refused | Exception = field(default_factory=lambda: Accepted("x"))
    fleet: FleetState = field(default_factory=FleetState)
    states: dict[DroneId, DroneState] = field(default_factory=dict)
    slow_s: float = 0.0

    async def ask(self, wish: Wish) -> Accepted | Refused:
        self.asked.append(wish)
        await asyncio.sleep(self.slow_s)
        if isinstance(self.answer, Exception):
            raise self.answer
        if isinstance(wish, SearchArea) and isinstance(self.answer, Accepted):
            fact = SearchAccepted(wish.search, wish.area, plan_for(wish.search, ("d1",)), wish.by)
            self.fleet = fold(self.fleet, Recorded(self.fleet.seq + 1, CLOCK.now(), fact))
        return self.answer


@dataclass
class Bench:
    desk: FakeDesk
    log: MemoryLog
    channel: Any
    flight: Any
    picture: Any


def authorise(token: str) -> Principal | None:
    roles = {r.value: r for r in Role}
    return Principal(PersonName(f"{token}-1"), roles[token]) if token in roles else None


def token(role: Role | str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {role}"),)


@pytest_asyncio.fixture
async def bench() -> AsyncIterator[Bench]:
    desk, log = FakeDesk(), MemoryLog()
    source = FlightSource(desk.ask, lambda: desk.fleet, lambda: desk.states)
    server = GrpcServer(source, log, authorise, CLOCK)
    await server.start("127.0.0.1", PORT)
    assert server.port == PORT
    async with grpc.aio.insecure_channel(f"127.0.0.1:{PORT}") as channel:
        flight, picture = flight_pb2_grpc.FlightServiceStub(channel), picture_pb2_grpc.PictureServiceStub(channel)
        yield Bench(desk, log, channel, flight, picture)
    await log.close()
    await server.stop(0.0)


def submit(**changes: Any) -> Any:
    request = flight_pb2.SubmitSearchRequest(search="s1", drones=["d1"])
    wire.put(request.area, AREA)
    for name, value in changes.items():
        setattr(request, name, value)
    return request


async def status(call: Any) -> tuple[Any, str, dict[str, str]]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    trailing = {k: v.decode() for k, v in caught.value.trailing_metadata() if k.startswith("airground-")}
    return caught.value.code(), caught.value.details() or "", trailing


async def test_search_is_asked_for_by_who_signed_in(bench: Bench) -> None:
    answer = await bench.flight.SubmitSearch(submit(), metadata=token(Role.PILOT))
    assert answer.accepted
    assert not answer.reasons
    assert [s.drone for s in answer.plan.sectors] == ["d1"]
    assert bench.desk.asked == [SearchArea(SearchId("s1"), AREA, PersonName("pilot-1"), (DroneId("d1"),))]


async def test_a_search_says_how_it_is_to_be_flown(bench: Bench) -> None:
    wanted = {"gimbal_pitch_deg": -70.0, "margin_m": 0.0, "plain": True, "swath_m": 30.0}
    await bench.flight.SubmitSearch(submit(**wanted), metadata=token(Role.PILOT))
    (asked,) = bench.desk.asked
    assert asked == SearchArea(SearchId("s1"), AREA, PersonName("pilot-1"), (DroneId("d1"),), **wanted)


async def test_refusal_is_an_answer_with_field_and_fix(bench: Bench) -> None:
    bench.desk.answer = Refused.because("drones", "d1 is busy", "leave it out")
    answer = await bench.flight.SubmitSearch(submit(), metadata=token(Role.PILOT))
    assert not answer.accepted
    assert not answer.HasField("plan")
    assert [(r.field, r.problem, r.fix) for r in answer.reasons] == [("drones", "d1 is busy", "leave it out")]


@pytest.mark.parametrize("headers", [(), token("nobody"), (("authorization", "Basic pilot"),), token("")])
async def test_unauthenticated(bench: Bench, headers: Any) -> None:
    for call in (
        bench.flight.ListDrones(flight_pb2.ListDronesRequest(), metadata=headers),
        bench.flight.SubmitSearch(submit(), metadata=headers),
        bench.flight.Hold(flight_pb2.HoldRequest(), metadata=headers),
        bench.flight.StreamTelemetry(flight_pb2.StreamTelemetryRequest(), metadata=headers).read(),
        bench.picture.GetSnapshot(picture_pb2.GetSnapshotRequest(), metadata=headers),
        bench.picture.StreamPicture(picture_pb2.StreamPictureRequest(), metadata=headers).read(),
    ):
        code, text, trailing = await status(call)
        assert code is grpc.StatusCode.UNAUTHENTICATED
        assert "no valid token" in text
        assert trailing["airground-field-bin"] == "authorization"
    assert bench.desk.asked == []


@pytest.mark.parametrize("role", list(Role))
async def test_roles_as_the_table_says(bench: Bench, role: Role) -> None:
    bench.desk.answer = Refused.because("x", "y")
    flight, picture, headers = bench.flight, bench.picture, token(role)
    calls = {
        Operation.PLAN_SEARCH: flight.SubmitSearch(submit(), metadata=headers),
        Operation.APPROVE_SEARCH: flight.ApproveSearch(flight_pb2.ApproveSearchRequest(search="s"), metadata=headers),
        Operation.HOLD_OR_RETURN: flight.Return(flight_pb2.ReturnRequest(), metadata=headers),
        Operation.SEE_PICTURE: picture.GetSnapshot(picture_pb2.GetSnapshotRequest(), metadata=headers),
    }
    for operation, call in calls.items():
        if operation in ALLOWED[role]:
            await call
        else:
            code, text, _ = await status(call)
            assert code is grpc.StatusCode.PERMISSION_DENIED
            assert role.value in text


def bad(name: str) -> Any:
    request = submit()
    if name == "two corners":
        del request.area.outer[2:]
    elif name == "nan":
        request.area.outer[1].lat_deg = math.nan
    elif name == "off the earth":
        request.area.outer[0].lon_deg = 720.0
    elif name == "hole of one":
        request.area.holes.add().points.add()
    elif name == "no area":
        request.ClearField("area")
    elif name == "id":
        request.search = "a b"
    elif name == "drone id":
        request.drones.append("../etc")
    elif name == "height":
        request.height_agl_m = 5000.0
    return request


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("two corners", "area.outer"),
        ("nan", "lat_deg"),
        ("off the earth", "lon_deg"),
        ("hole of one", "area.holes[0]"),
        ("no area", "area"),
        ("id", "search"),
        ("drone id", "drones"),
        ("height", "height_agl_m"),
    ],
)
async def test_bad_search_names_the_field(bench: Bench, name: str, where: str) -> None:
    code, text, trailing = await status(bench.flight.SubmitSearch(bad(name), metadata=token(Role.PILOT)))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert text.startswith(where)
    assert trailing["airground-field-bin"] == where
    assert bench.desk.asked == []


async def test_approve_and_hold(bench: Bench) -> None:
    approve = flight_pb2.ApproveSearchRequest(search="s1")
    assert (await bench.flight.ApproveSearch(approve, metadata=token(Role.PILOT))).accepted
    assert (await bench.flight.Hold(flight_pb2.HoldRequest(drone="d1"), metadata=token(Role.UNIT))).accepted
    assert (await bench.flight.Hold(flight_pb2.HoldRequest(), metadata=token(Role.UNIT))).accepted
    pilot, unit = PersonName("pilot-1"), PersonName("unit-1")
    approved = ApproveSearch(SearchId("s1"), pilot)
    assert bench.desk.asked == [approved, Hold(DroneId("d1"), unit), Hold(None, unit)]


async def test_a_pilot_adds_a_drone(bench: Bench) -> None:
    join = flight_pb2.JoinSearchRequest(search="s1", drone="d3")
    assert (await bench.flight.JoinSearch(join, metadata=token(Role.PILOT))).accepted
    assert bench.desk.asked == [JoinSearch(SearchId("s1"), DroneId("d3"), PersonName("pilot-1"))]
    code, _, _ = await status(bench.flight.JoinSearch(join, metadata=token(Role.DISPATCHER)))
    assert code is grpc.StatusCode.PERMISSION_DENIED
    bad = flight_pb2.JoinSearchRequest(search="s1", drone="d 3")
    code, text, _ = await status(bench.flight.JoinSearch(bad, metadata=token(Role.PILOT)))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "drone" in text


async def test_deadline_is_kept_and_a_fault_is_unavailable(bench: Bench) -> None:
    bench.desk.slow_s = 30.0
    code, _, _ = await status(bench.flight.SubmitSearch(submit(), metadata=token(Role.PILOT), timeout=0.2))
    assert code is grpc.StatusCode.DEADLINE_EXCEEDED
    bench.desk.slow_s, bench.desk.answer = 0.0, Fault("log.db: disk is full")
    code, text, _ = await status(bench.flight.SubmitSearch(submit(), metadata=token(Role.PILOT)))
    assert code is grpc.StatusCode.UNAVAILABLE
    assert "disk is full" in text


async def test_telemetry_gives_the_newest_and_only_who_was_asked_for(bench: Bench) -> None:
    now = CLOCK.time
    bench.desk.states = {DroneId(d): state(d, now, battery=0.8) for d in ("d1", "d2")}
    listed = await bench.flight.ListDrones(flight_pb2.ListDronesRequest(), metadata=token(Role.PILOT))
    assert [d.drone for d in listed.drones] == ["d1", "d2"]
    assert listed.drones[0].battery_left == 0.8
    assert not listed.drones[0].HasField("heading_deg")
    assert listed.drones[0].phase == types_pb2.PHASE_GROUNDED
    call = bench.flight.StreamTelemetry(flight_pb2.StreamTelemetryRequest(drones=["d2"]), metadata=token(Role.PILOT))
    assert (await call.read()).drone.heard_at == now
    for i in range(1, 6):
        bench.desk.states = {d: replace(s, heard_at=UtcSeconds(now + i)) for d, s in bench.desk.states.items()}
    got = (await call.read()).drone
    assert (got.drone, got.heard_at) == ("d2", now + 5)
    call.cancel()


def sighting() -> SightingMade:
    pose = Pose(UtcSeconds(1.0), GeoPoint(28.9, 120.0, MetresAmsl(160.0)), 0.0, -90.0, 0.0)
    ids = (SightingId("g1"), TrackId("t1"), DroneId("d1"))
    box = Box(1.0, 1.0, 5.0, 9.0)
    cov = Covariance(1.0, 0.0, 1.0)
    return SightingMade(*ids, UtcSeconds(1.0), LatLon(28.9, 120.0), cov, 0.9, 3, "hot-spot", pose, box, b"\xff\xd8chip")


async def test_picture_follows_the_log_without_gaps(bench: Bench) -> None:
    now = CLOCK.now()
    joined = DroneJoined(DroneId("d1"), 1, state("d1", now).autopilot, "1.17.0")
    viewed = ViewGranted(PersonName("wang"), "video d1", "search", "s1")
    await bench.log.append(now, joined, SignedIn(PersonName("wang"), "pilot"))
    call = bench.picture.StreamPicture(picture_pb2.StreamPictureRequest(after=0), metadata=token(Role.PILOT))
    first = [(await call.read()).record for _ in range(2)]
    await bench.log.append(now, sighting(), viewed)
    rest = [(await call.read()).record for _ in range(2)]
    call.cancel()
    records = [*first, *rest]
    assert [r.seq for r in records] == [1, 2, 3, 4]
    kinds = ["drone_joined", None, "sighting_made", None]
    assert [r.fact.WhichOneof("fact") for r in records] == kinds, "the audit is not for pilots"
    assert records[2].fact.sighting_made.chip == b"", "camera views go by the audited way only"
    audit = await bench.picture.GetSnapshot(picture_pb2.GetSnapshotRequest(after=1), metadata=token(Role.AUDITOR))
    assert [r.fact.WhichOneof("fact") for r in audit.records] == ["signed_in", "sighting_made", "view_granted"]
    assert audit.last_seq == 4


async def test_snapshot_pages_and_refuses_negative(bench: Bench) -> None:
    facts = [SignedIn(PersonName(f"p{i}"), "pilot") for i in range(5)]
    await bench.log.append(CLOCK.now(), *facts)
    request = picture_pb2.GetSnapshotRequest(after=2, limit=2)
    page = await bench.picture.GetSnapshot(request, metadata=token(Role.AUDITOR))
    assert [r.seq for r in page.records] == [3, 4]
    code, text, _ = await status(
        bench.picture.GetSnapshot(picture_pb2.GetSnapshotRequest(after=-1), metadata=token(Role.AUDITOR))
    )
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert text.startswith("after")


async def test_health_and_reflection_need_no_token(bench: Bench) -> None:
    health = health_pb2_grpc.HealthStub(bench.channel)
    for name in ("", *SERVICES):
        answer = await health.Check(health_pb2.HealthCheckRequest(service=name))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    info = reflection_pb2_grpc.ServerReflectionStub(bench.channel).ServerReflectionInfo()
    await info.write(reflection_pb2.ServerReflectionRequest(list_services=""))
    listed = await info.read()
    await info.done_writing()
    info.cancel()
    assert set(SERVICES) <= {s.name for s in listed.list_services_response.service}


async def test_a_taken_port_is_said_in_words(bench: Bench) -> None:
    source = FlightSource(bench.desk.ask, FleetState, dict)
    second = GrpcServer(source, bench.log, authorise, CLOCK)
    with pytest.raises(Fault, match="choose another grpc_port"):
        await second.start("127.0.0.1", PORT)
    await second.stop(0.0)
