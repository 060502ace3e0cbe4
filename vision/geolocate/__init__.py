"""From a pixel to a place on the ground with its error. Pure: numpy, core numbers and nothing else."""
