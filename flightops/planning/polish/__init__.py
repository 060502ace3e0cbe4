"""Search paths polished by simulated annealing: the loop is C (see polish.h), built by hatch_build.py."""
