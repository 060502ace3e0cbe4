"""Planning, safety, fleet, missions, links to aircraft, and the pilots' gRPC server."""
