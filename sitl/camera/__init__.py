"""Thermal cameras of simulated drones: what they see, as real encoded video."""
