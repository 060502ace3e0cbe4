"""The only rooms that touch disk, sockets to stores, TOML, clocks and randomness."""
