"""Re-planning in flight: what lost drones leave is shared by those that fly on."""
