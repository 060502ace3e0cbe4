"""A seeded mountain town: terrain, forest, roads, a compound, people and what else is warm."""
