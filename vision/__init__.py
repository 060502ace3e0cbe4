"""Video in, detections, tracks, places on the ground."""
