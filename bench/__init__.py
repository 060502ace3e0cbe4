"""Benchmarks: each prints figures or ratios; none is a test."""
