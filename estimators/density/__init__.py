"""Bounds on the entropy of a Gaussian mixture."""
