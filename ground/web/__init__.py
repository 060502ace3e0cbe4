"""The web edge: REST, the live stream and the picture they show."""
