"""Bounds on the entropy of a mixture of Gaussians."""
