"""The links to the aircraft: gateway process, control channel, mission side through MAVSDK (DESIGN section 3)."""
