"""Files other than the record: accounts, map data, terrain."""
