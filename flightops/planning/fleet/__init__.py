"""Unlike drones that search one area together: who sweeps what, and their whole flights, proved apart."""
