"""Finding people in thermal frames: the port and its adapters."""
