"""Sweep paths in one flat metric frame: pure geometry on numpy and shapely, no places, no drones."""
