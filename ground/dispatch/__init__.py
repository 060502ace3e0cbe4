"""Sending units: roads, times, tasks."""
