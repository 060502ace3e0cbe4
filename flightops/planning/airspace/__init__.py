"""Flights in space and time: what a plan's paths take in air, seconds and battery, and how they stay apart."""
