"""Missions: items, how far they are flown, and the search that flies them."""
