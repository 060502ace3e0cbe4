"""Fixtures that several rooms share."""

from tests.scenarios.theatre import theatre

__all__ = ["theatre"]
