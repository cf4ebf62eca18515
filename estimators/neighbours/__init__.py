"""Searches for nearest neighbours, and what k-NN estimates are made of."""
