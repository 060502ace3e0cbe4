"""Simulated aircraft, cameras and towns; they come in by the real doors."""
