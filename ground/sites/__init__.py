"""Compounds with their cameras and sensors."""
