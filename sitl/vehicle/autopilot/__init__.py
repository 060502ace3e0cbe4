"""The autopilot: its state, the MAVLink protocols it speaks, and what it sends."""
