"""Scenarios: who is where, what is asked, and what must come true; played through the real doors."""
