"""Adapters of core.log: SQLite for the record, memory for tests and runs that need none."""
