"""When a planned sweep would find somebody, and in which order it finds sooner. Pure."""
