"""Patrol units: where they are and what they do."""
