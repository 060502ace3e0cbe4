"""The gRPC server: both services, health and reflection on one port. Health and reflection need no token."""

from __future__ import annotations

from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from core.clock import Clock
from core.errors import Fault
from core.log import EventLog
from flightops.server.doors import Authorise
from flightops.server.flight import FlightService, FlightSource
from flightops.server.picture import PictureService
from proto.airground.v1 import flight_pb2, flight_pb2_grpc, picture_pb2, picture_pb2_grpc

_FLIGHT: Any = flight_pb2_grpc
_PICTURE: Any = picture_pb2_grpc
# generated code is untyped

MOST_CALLS = 1000
"""Calls (streams included) at one time; a further one gets RESOURCE_EXHAUSTED."""
LARGEST_REQUEST_BYTES = 4 * 2**20
SERVICES = (
    flight_pb2.DESCRIPTOR.services_by_name["FlightService"].full_name,
    picture_pb2.DESCRIPTOR.services_by_name["PictureService"].full_name,
)


class GrpcServer:
    """Made, started and stopped by the composition. `port` is the bound one (0 asks for any)."""

    def __init__(self, source: FlightSource, log: EventLog, authorise: Authorise, clock: Clock) -> None:
        options = (("grpc.max_receive_message_length", LARGEST_REQUEST_BYTES), ("grpc.so_reuseport", 0))
        self._server: Any = grpc.aio.server(options=options, maximum_concurrent_rpcs=MOST_CALLS)
        _FLIGHT.add_FlightServiceServicer_to_server(FlightService(source, authorise, clock), self._server)
        _PICTURE.add_PictureServiceServicer_to_server(PictureService(log, authorise), self._server)
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = (*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._server)
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        """Bind and serve. Raises Fault when the port is taken."""
        try:
            self.port = self._server.add_insecure_port(f"{host}:{port}")
        except RuntimeError as e:
            raise Fault(f"can't listen on {host}:{port}; is another airground running? choose another grpc_port") from e
        await self._server.start()
        for name in ("", *SERVICES):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)

    async def stop(self, grace_s: float = 1.0) -> None:
        """Tell watchers, let calls finish for `grace_s`, then end them."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace_s)
