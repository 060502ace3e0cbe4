"""Where sweep lines lie: an area cut into cells, each with lines along its own direction."""
