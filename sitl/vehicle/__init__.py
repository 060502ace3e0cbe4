"""Simulated multicopters: a flight model, an autopilot that speaks MAVLink 2, and a fleet on UDP."""
