"""gRPC for pilots' ground stations: FlightService and PictureService, health and reflection."""
