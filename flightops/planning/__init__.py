"""Search planning: areas from outside, S-pattern sweeps for n drones, the camera swath. Pure."""
