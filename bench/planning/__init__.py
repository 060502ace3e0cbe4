"""Search planning measured: our planner beside every coverage planner that installs as a package."""
