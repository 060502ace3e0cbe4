"""Real autopilots: a user's own ArduPilot or PX4 binary flown in place of a simulated vehicle."""
