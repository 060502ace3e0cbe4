"""Dealing again: what a drone leaves of its sector goes to those that fly on (docs/adr/0007)."""
