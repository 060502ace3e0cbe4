"""What the drones are doing and have been asked to do: a fold of the log, and the pure desk that decides."""
