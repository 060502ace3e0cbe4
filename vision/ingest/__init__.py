"""Video and images in: sources, decoding, capture times. Decoding runs in a child process (vision.worker)."""
