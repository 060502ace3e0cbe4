"""Where to fly next: positions, missions, failsafes and fences, from the autopilot's state."""
