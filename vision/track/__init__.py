"""Tracks on the ground: which views are of the same warm thing, where it is, and when it is worth telling."""
